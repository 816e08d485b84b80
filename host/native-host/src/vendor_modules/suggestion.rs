//! Modules that are on this computer and could be added: where makers put
//! theirs, and those that p11-kit knows. Nothing is loaded for this.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// A module that could be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// A name for it.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
}

/// What makers call theirs, and where they put it; below the root of the
/// system, in the order of likelihood.
#[cfg(not(any(windows, target_os = "macos")))]
const KNOWN: &[(&str, &str)] = &[
    ("ePass2003", "usr/lib/libcastle.so.1.0.0"),
    ("ePass2003", "usr/lib/libcastle_v2.so.1.0.0"),
    ("ePass2003", "usr/local/lib/libcastle.so.1.0.0"),
    ("OpenSC", "usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"),
    ("OpenSC", "usr/lib/aarch64-linux-gnu/opensc-pkcs11.so"),
    ("OpenSC", "usr/lib64/opensc-pkcs11.so"),
    ("OpenSC", "usr/lib/opensc-pkcs11.so"),
    ("SafeNet", "usr/lib/libeToken.so"),
    ("SafeNet", "usr/lib64/libeToken.so"),
    ("YubiKey", "usr/lib/x86_64-linux-gnu/libykcs11.so"),
    ("YubiKey", "usr/lib/x86_64-linux-gnu/libykcs11.so.2"),
    ("YubiKey", "usr/lib/aarch64-linux-gnu/libykcs11.so"),
    ("YubiKey", "usr/lib64/libykcs11.so.2"),
    ("YubiKey", "usr/local/lib/libykcs11.so"),
    ("SoftHSM", "usr/lib/softhsm/libsofthsm2.so"),
    ("SoftHSM", "usr/lib64/pkcs11/libsofthsm2.so"),
];

#[cfg(target_os = "macos")]
const KNOWN: &[(&str, &str)] = &[
    ("ePass2003", "usr/local/lib/libcastle.1.0.0.dylib"),
    ("OpenSC", "Library/OpenSC/lib/opensc-pkcs11.so"),
    ("OpenSC", "usr/local/lib/opensc-pkcs11.so"),
    ("SafeNet", "usr/local/lib/libeToken.dylib"),
    ("YubiKey", "usr/local/lib/libykcs11.dylib"),
    ("YubiKey", "opt/homebrew/lib/libykcs11.dylib"),
];

#[cfg(windows)]
const KNOWN: &[(&str, &str)] = &[
    ("ePass2003", "Windows/System32/eps2003csp11.dll"),
    ("ePass2003", "Windows/System32/eps2003csp11v2.dll"),
    (
        "OpenSC",
        "Program Files/OpenSC Project/OpenSC/pkcs11/opensc-pkcs11.dll",
    ),
    ("SafeNet", "Windows/System32/eTPKCS11.dll"),
    ("JPKI", "Program Files/JPKILib/JPKIPKCS11Sign64.dll"),
    (
        "YubiKey",
        "Program Files/Yubico/Yubico PIV Tool/bin/libykcs11.dll",
    ),
];

/// Where p11-kit has its files of modules, by pkcs11.conf(5): the package's, the
/// administrator's and, below the folder of settings, the person's.
const P11_KIT: &[&str] = &["usr/share/p11-kit/modules", "etc/pkcs11/modules"];
const P11_KIT_OF_PERSON: &str = "pkcs11/modules";

/// Where p11-kit looks for a module that its file names without a folder.
const P11_KIT_MODULES: &[&str] = &[
    "usr/lib/x86_64-linux-gnu/pkcs11",
    "usr/lib/aarch64-linux-gnu/pkcs11",
    "usr/lib64/pkcs11",
    "usr/lib/pkcs11",
];

/// Modules of p11-kit that offer no tokens: its own, and ours.
const NO_TOKENS: &[&str] = &["p11-kit-", "gnome-keyring", "kagibashi_pkcs11"];

/// Everything that is there, without what leads to the same file, and without
/// those that have been added. `settings` is the folder of the person's
/// settings for all programs.
pub fn all(root: &Path, settings: &Path, added: &[PathBuf]) -> Vec<Suggestion> {
    let known = KNOWN.iter().map(|&(name, path)| Suggestion {
        name: name.to_owned(),
        path: root.join(path),
    });
    let real = |path: &Path| fs::canonicalize(path).ok();
    let mut seen: BTreeSet<PathBuf> = added.iter().filter_map(|path| real(path)).collect();
    known
        .chain(of_p11_kit(root, settings))
        .filter(|suggestion| real(&suggestion.path).is_some_and(|file| seen.insert(file)))
        .collect()
}

/// A file of a name in a later folder has the last word on the module of that
/// name: it may name another, or none.
fn of_p11_kit(root: &Path, settings: &Path) -> Vec<Suggestion> {
    let of_system = P11_KIT.iter().map(|folder| root.join(folder));
    let folders = of_system.chain([settings.join(P11_KIT_OF_PERSON)]);
    let mut modules: BTreeMap<String, String> = BTreeMap::new();
    for entry in folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten()) {
        let Ok(file) = entry.map(|entry| entry.path()) else {
            continue;
        };
        if file.extension().is_none_or(|it| it != "module") {
            continue;
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(&file).unwrap_or_default();
        if let Some(module) = named(&text) {
            modules.insert(name.into_owned(), module);
        }
    }
    let suggested = modules.into_iter().filter_map(|(name, module)| {
        if module.is_empty() || NO_TOKENS.iter().any(|part| module.contains(part)) {
            return None;
        }
        place(root, &module).map(|path| Suggestion { name, path })
    });
    suggested.collect()
}

/// The module that a file of p11-kit names; empty if it says that there is none.
fn named(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "module").then(|| value.trim().to_owned())
    })
}

fn place(root: &Path, module: &str) -> Option<PathBuf> {
    let path = Path::new(module);
    if let Ok(below) = path.strip_prefix("/") {
        return Some(root.join(below));
    }
    let folders = P11_KIT_MODULES.iter();
    let mut places = folders.map(|folder| root.join(folder).join(path));
    places.find(|place| place.exists())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_suggested_once() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        let all = |added: &[PathBuf]| all(root.path(), &root.path().join("home"), added);
        assert_eq!(all(&[]), []);
        let castle = write("usr/lib/libcastle.so.1.0.0", "");
        let opensc = write("usr/lib/x86_64-linux-gnu/pkcs11/opensc-pkcs11.so", "");
        let vendor = write("opt/vendor/vendor.so", "");
        write(
            "usr/share/p11-kit/modules/opensc.module",
            "module: opensc-pkcs11.so\n",
        );
        write(
            "usr/share/p11-kit/modules/p11-kit-trust.module",
            "module: p11-kit-trust.so\n",
        );
        write(
            "usr/share/p11-kit/modules/castle.module",
            "module: /usr/lib/libcastle.so.1.0.0\n",
        );
        write(
            "etc/pkcs11/modules/vendor.module",
            "# a comment\ntrust-policy: no\nmodule:   /opt/vendor/vendor.so\n",
        );
        write("etc/pkcs11/modules/gone.module", "module: /opt/gone.so\n");
        write("etc/pkcs11/modules/off.module", "module:\n");
        write(
            "etc/pkcs11/modules/kagibashi.module",
            "module: /usr/lib/kagibashi/libkagibashi_pkcs11.so\n",
        );
        write("usr/lib/kagibashi/libkagibashi_pkcs11.so", "");
        // What a person has decided is the last word.
        write(
            "usr/share/p11-kit/modules/unwanted.module",
            "module: /opt/vendor/unwanted.so\n",
        );
        write("opt/vendor/unwanted.so", "");
        write("home/pkcs11/modules/unwanted.module", "module:\n");
        write("home/pkcs11/modules/opensc.module", "log-calls: yes\n");
        let own = write("opt/own.so", "");
        write("home/pkcs11/modules/own.module", "module: /opt/own.so\n");
        let suggestion = |name: &str, path: &Path| Suggestion {
            name: name.to_owned(),
            path: path.to_owned(),
        };
        let expected = [
            suggestion("ePass2003", &castle),
            suggestion("opensc", &opensc),
            suggestion("own", &own),
            suggestion("vendor", &vendor),
        ];
        assert_eq!(all(&[]), expected);
        assert_eq!(all(&[castle, opensc]), expected[2..]);
    }
}
