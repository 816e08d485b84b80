//! The names by which browser, extension, host and module know each other.

use std::sync::LazyLock;

use serde::Deserialize;

/// What `manifests/identity.json` says; the extension's build reads the same
/// file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Name of the native messaging host.
    pub host_name: String,
    /// Name of the PKCS#11 module in Firefox's manifest: letters only.
    pub module_name: String,
    /// Name of the PKCS#11 module for people, and in lists of modules.
    pub module_label: String,
    /// Id of the extension in Chromium-family browsers.
    pub chromium_id: String,
    /// Id of the add-on in Firefox.
    pub firefox_id: String,
}

/// The identity that this program was built with.
pub static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../manifests/identity.json"))
        .expect("manifests/identity.json is part of the program")
});

impl Identity {
    /// The extension's origin as Chromium passes it to the host.
    pub fn chromium_origin(&self) -> String {
        format!("chrome-extension://{}/", self.chromium_id)
    }
}
