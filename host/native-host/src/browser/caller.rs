//! Who started this program, as the browser says on the command line.

use std::ffi::OsString;
use std::path::Path;

use crate::identity::IDENTITY;

/// A browser that started this program for one of its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Chromium passes the extension's origin, on Windows a window handle too.
    Chromium {
        /// `chrome-extension://<id>/`
        origin: String,
    },
    /// Firefox passes the path of the manifest and the add-on's id.
    Firefox {
        /// The id from the add-on's manifest.
        addon: String,
    },
}

impl Caller {
    /// Recognises a browser by the arguments; anything else is a person at a
    /// terminal.
    pub fn recognise(arguments: &[OsString]) -> Option<Self> {
        let first = arguments.first()?.to_str()?;
        if first.starts_with("chrome-extension://") {
            return Some(Self::Chromium {
                origin: first.to_owned(),
            });
        }
        let path = Path::new(first);
        let manifest = path.is_absolute() && path.extension().is_some_and(|it| it == "json");
        (manifest && arguments.len() == 2).then(|| Self::Firefox {
            addon: arguments[1].to_string_lossy().into_owned(),
        })
    }

    /// Whether it is our extension. The browser holds the same rule in its
    /// manifest; this one still holds when the manifest was tampered with.
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Chromium { origin } => *origin == IDENTITY.chromium_origin(),
            Self::Firefox { addon } => *addon == IDENTITY.firefox_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognise(arguments: &[&str]) -> Option<Caller> {
        Caller::recognise(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn tells_browsers_from_people() {
        let ours = IDENTITY.chromium_origin();
        assert!(recognise(&[&ours]).unwrap().is_ours());
        assert!(recognise(&[&ours, "--parent-window=0"]).unwrap().is_ours());
        let manifest = if cfg!(windows) {
            r"C:\k\host.json"
        } else {
            "/k/host.json"
        };
        assert!(
            recognise(&[manifest, &IDENTITY.firefox_id])
                .unwrap()
                .is_ours()
        );

        for other in [
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop/",
            "chrome-extension://",
            &format!("{ours}x"),
            ours.trim_end_matches('/'),
        ] {
            assert!(!recognise(&[other]).unwrap().is_ours(), "{other}");
        }
        assert!(
            !recognise(&[manifest, "other@example.org"])
                .unwrap()
                .is_ours()
        );

        assert_eq!(recognise(&[]), None);
        assert_eq!(recognise(&["tokens"]), None);
        assert_eq!(recognise(&["certificate", "x.json"]), None);
    }
}
