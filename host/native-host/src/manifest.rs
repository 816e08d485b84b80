//! Native manifests: what tells a browser which program to start for which
//! extension, and which PKCS#11 module it may load for it.
//!
//! Chromium's format is that of
//! <https://developer.chrome.com/docs/extensions/develop/concepts/native-messaging>,
//! Firefox's that of
//! <https://developer.mozilla.org/en-US/docs/Mozilla/Add-ons/WebExtensions/Native_manifests>.
//! Firefox 153 refuses a manifest that also has `allowed_origins`, so there are
//! two files.

use std::path::Path;

use clap::ValueEnum;
use serde::Deserialize;

use crate::identity::IDENTITY;

/// The two formats of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Kind {
    /// Chrome, Chromium, Edge, Brave, Vivaldi, Opera.
    Chromium,
    /// Firefox
    Firefox,
}

impl Kind {
    /// The manifest for a program, as text. Fails only for a path that is not
    /// Unicode, which JSON cannot hold.
    pub fn render(self, program: &Path) -> Option<String> {
        let template = match self {
            Self::Chromium => {
                include_str!("../../../manifests/native-messaging/chromium.json")
            }
            Self::Firefox => include_str!("../../../manifests/native-messaging/firefox.json"),
        };
        fill(template, "{hostPath}", program)
    }
}

/// Firefox's manifest for a PKCS#11 module, as text. Fails as
/// [`Kind::render`] does.
pub fn render_module(module: &Path) -> Option<String> {
    let template = include_str!("../../../manifests/native-messaging/firefox-pkcs11.json");
    fill(template, "{modulePath}", module)
}

fn fill(template: &str, placeholder: &str, path: &Path) -> Option<String> {
    let path = serde_json::Value::from(path.to_str()?).to_string();
    Some(
        with_names(template)
            // Last, as a path may contain anything. The placeholder stands in
            // quotes, and so does the JSON text.
            .replace(&format!("\"{placeholder}\""), &path),
    )
}

/// A template with the names of [`IDENTITY`] in it.
pub fn with_names(template: &str) -> String {
    template
        .replace("{hostName}", &IDENTITY.host_name)
        .replace("{moduleName}", &IDENTITY.module_name)
        .replace("{moduleLabel}", &IDENTITY.module_label)
        .replace("{chromiumId}", &IDENTITY.chromium_id)
        .replace("{firefoxId}", &IDENTITY.firefox_id)
}

/// What a manifest on the disk says, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    /// Must be the file's name without `.json`.
    pub name: String,
    /// The program or module.
    pub path: String,
    /// `stdio` or `pkcs11`
    #[serde(rename = "type")]
    pub connection: String,
    /// Extensions in Chromium, as origins.
    pub allowed_origins: Option<Vec<String>>,
    /// Add-ons in Firefox, by id.
    pub allowed_extensions: Option<Vec<String>>,
}

/// The file where a browser would look for us, by what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Our name is in it.
    Ours(Manifest),
    /// A manifest, but of something else.
    Foreign {
        /// The name in it.
        name: String,
    },
    /// Not a manifest at all: no browser can use it.
    Damaged,
}

impl Found {
    /// Judges the content of a file that should be our host's.
    pub fn of_host(text: &[u8]) -> Self {
        Self::named(&IDENTITY.host_name, text)
    }

    /// Judges the content of a file that should be our module's.
    pub fn of_module(text: &[u8]) -> Self {
        Self::named(&IDENTITY.module_name, text)
    }

    fn named(ours: &str, text: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        match serde_json::from_slice::<Named>(text) {
            Ok(Named { name }) if name == ours => {
                serde_json::from_slice(text).map_or(Self::Damaged, Self::Ours)
            }
            Ok(Named { name }) => Self::Foreign { name },
            Err(_) => Self::Damaged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_survives_the_way_through_json() {
        let paths = [
            "/usr/bin/kagibashi",
            "/home/山田/橋 1/kagibashi",
            r"C:\Program Files\Kagibashi\kagibashi.exe",
            "/tmp/\"quoted\"/{hostName}\n/kagibashi",
        ];
        for path in paths {
            for kind in [Kind::Chromium, Kind::Firefox] {
                let text = kind.render(Path::new(path)).unwrap();
                let Found::Ours(manifest) = Found::of_host(text.as_bytes()) else {
                    panic!("{text}");
                };
                assert_eq!(manifest.path, path);
                assert_eq!(manifest.connection, "stdio");
            }
        }
    }

    #[test]
    fn each_browser_gets_the_list_that_it_accepts() {
        let path = Path::new("/usr/bin/kagibashi");
        let Found::Ours(chromium) = Found::of_host(Kind::Chromium.render(path).unwrap().as_bytes())
        else {
            panic!("not ours");
        };
        assert_eq!(
            chromium.allowed_origins,
            Some(vec![IDENTITY.chromium_origin()])
        );
        assert_eq!(chromium.allowed_extensions, None);
        let Found::Ours(firefox) = Found::of_host(Kind::Firefox.render(path).unwrap().as_bytes())
        else {
            panic!("not ours");
        };
        assert_eq!(
            firefox.allowed_extensions,
            Some(vec![IDENTITY.firefox_id.clone()])
        );
        assert_eq!(firefox.allowed_origins, None);
    }

    #[test]
    fn the_module_has_a_manifest_of_its_own() {
        let path = r"C:\Program Files\Kagibashi\kagibashi_pkcs11.dll";
        let text = render_module(Path::new(path)).unwrap();
        let expected = Manifest {
            name: "kagibashi".to_owned(),
            path: path.to_owned(),
            connection: "pkcs11".to_owned(),
            allowed_origins: None,
            allowed_extensions: Some(vec![IDENTITY.firefox_id.clone()]),
        };
        assert_eq!(Found::of_module(text.as_bytes()), Found::Ours(expected));
        assert!(matches!(
            Found::of_host(text.as_bytes()),
            Found::Foreign { .. }
        ));
        // Firefox 153 refuses a name with a hyphen.
        let name = &IDENTITY.module_name;
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{name}");
    }

    #[test]
    fn a_file_is_judged_by_the_name_in_it() {
        assert_eq!(
            Found::of_host(br#"{"name": "jp.other.host", "path": "/x"}"#),
            Found::Foreign {
                name: "jp.other.host".to_owned()
            }
        );
        for damaged in [
            "",
            "{",
            "[]",
            r#"{"path": "/x"}"#,
            "{\"name\": \"jp.kagibashi.host\"}",
        ] {
            assert_eq!(
                Found::of_host(damaged.as_bytes()),
                Found::Damaged,
                "{damaged}"
            );
        }
        assert_eq!(Found::of_host(&[0xff, 0xfe, 0]), Found::Damaged);
    }
}
