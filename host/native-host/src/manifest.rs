//! Native messaging manifests: what tells a browser which program to start for
//! which extension.
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
        let path = serde_json::Value::from(program.to_str()?).to_string();
        Some(
            template
                .replace("{hostName}", &IDENTITY.host_name)
                .replace("{chromiumId}", &IDENTITY.chromium_id)
                .replace("{firefoxId}", &IDENTITY.firefox_id)
                // Last, as a path may contain anything. The placeholder stands
                // in quotes, and so does the JSON text.
                .replace("\"{hostPath}\"", &path),
        )
    }
}

/// What a manifest on the disk says, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    /// Must be the file's name without `.json`.
    pub name: String,
    /// The program.
    pub path: String,
    /// `stdio`
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
    /// Our host's name is in it.
    Ours(Manifest),
    /// A manifest, but of another host.
    Foreign {
        /// The name in it.
        name: String,
    },
    /// Not a manifest at all: no browser can use it.
    Damaged,
}

impl Found {
    /// Judges the content of a file.
    pub fn of_text(text: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        match serde_json::from_slice::<Named>(text) {
            Ok(Named { name }) if name == IDENTITY.host_name => {
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
                let Found::Ours(manifest) = Found::of_text(text.as_bytes()) else {
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
        let Found::Ours(chromium) = Found::of_text(Kind::Chromium.render(path).unwrap().as_bytes())
        else {
            panic!("not ours");
        };
        assert_eq!(
            chromium.allowed_origins,
            Some(vec![IDENTITY.chromium_origin()])
        );
        assert_eq!(chromium.allowed_extensions, None);
        let Found::Ours(firefox) = Found::of_text(Kind::Firefox.render(path).unwrap().as_bytes())
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
    fn a_file_is_judged_by_the_name_in_it() {
        assert_eq!(
            Found::of_text(br#"{"name": "jp.other.host", "path": "/x"}"#),
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
                Found::of_text(damaged.as_bytes()),
                Found::Damaged,
                "{damaged}"
            );
        }
        assert_eq!(Found::of_text(&[0xff, 0xfe, 0]), Found::Damaged);
    }
}
