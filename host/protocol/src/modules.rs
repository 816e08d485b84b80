//! PKCS#11 modules of other makers, as the page for managing them shows them.

use serde::Serialize;

use crate::text::Text;

/// A module that the person has added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct Module {
    pub name: String,
    pub path: String,
    pub before_own: bool,
    pub description: Option<Text>,
    pub tokens: Option<usize>,
    pub trouble: Option<ModuleTrouble>,
}

/// A module that could be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct ModuleSuggestion {
    pub name: String,
    pub path: String,
}

/// Why a module can't be used, or not be added, removed or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct ModuleTrouble {
    pub id: String,
    pub situation: String,
    pub advice: String,
}
