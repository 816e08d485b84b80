//! What is asked about the PKCS#11 modules of other makers.

use serde_json::Value;

use super::Language;
use super::fields::Fields;
use crate::error::Failure;

/// An errand about modules, and the language of the texts that come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the document's")]
pub struct ModulesErrand {
    pub kind: ModulesErrandKind,
    pub language: Language,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the commands are the document's")]
pub enum ModulesErrandKind {
    List,
    Add { path: String, name: Option<String> },
    Remove { name: String },
    Prefer { name: String, before_own: bool },
}

impl Fields {
    pub(super) fn language(&mut self) -> Result<Language, Failure> {
        Language::from_name(&self.string("language")?)
            .ok_or_else(|| Failure::invalid_arguments("language"))
    }

    pub(super) fn list_modules(&mut self) -> Result<ModulesErrand, Failure> {
        self.modules_errand(ModulesErrandKind::List)
    }

    pub(super) fn add_module(&mut self) -> Result<ModulesErrand, Failure> {
        let path = self.string("path")?;
        let name = self.string_or_null("name")?;
        self.modules_errand(ModulesErrandKind::Add { path, name })
    }

    pub(super) fn remove_module(&mut self) -> Result<ModulesErrand, Failure> {
        let name = self.string("name")?;
        self.modules_errand(ModulesErrandKind::Remove { name })
    }

    pub(super) fn prefer_module(&mut self) -> Result<ModulesErrand, Failure> {
        let name = self.string("name")?;
        let before_own = self.take("beforeOwn").as_ref().and_then(Value::as_bool);
        let before_own = before_own.ok_or_else(|| Failure::invalid_arguments("beforeOwn"))?;
        self.modules_errand(ModulesErrandKind::Prefer { name, before_own })
    }

    fn modules_errand(&mut self, kind: ModulesErrandKind) -> Result<ModulesErrand, Failure> {
        let language = self.language()?;
        Ok(ModulesErrand { kind, language })
    }
}
