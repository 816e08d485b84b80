//! How a browser gets to know of a manifest: on Windows by a key of the
//! registry that names the file, elsewhere by the file's being in its folder.

#[cfg(not(windows))]
pub use folder::{announce, announced, is_announced_anywhere, withdraw};
#[cfg(windows)]
pub use registry::{announce, announced, is_announced_anywhere, withdraw};

#[cfg(not(windows))]
mod folder {
    use std::io;
    use std::path::PathBuf;

    use crate::install::browsers::{Location, Variant};

    /// Nothing is left to do once the file is there.
    #[allow(clippy::unnecessary_wraps, reason = "it can fail on Windows")]
    pub fn announce(_: &Location) -> io::Result<bool> {
        Ok(false)
    }

    /// Nothing but the file has to go.
    #[allow(clippy::unnecessary_wraps, reason = "it can fail on Windows")]
    pub fn withdraw(_: &Location) -> io::Result<bool> {
        Ok(false)
    }

    /// The manifest that the browser will read there, if there is one.
    pub fn announced(_: &Variant, location: &Location) -> Option<PathBuf> {
        // A link that leads nowhere counts: the browser would stop at it too.
        location
            .file
            .symlink_metadata()
            .is_ok()
            .then(|| location.file.clone())
    }

    /// Whether a browser that was not asked about still needs the file.
    pub fn is_announced_anywhere(_: &Location) -> bool {
        false
    }
}

#[cfg(windows)]
mod registry {
    use std::collections::HashSet;
    use std::io;
    use std::path::{Path, PathBuf};

    use winreg::RegKey;
    use winreg::enums::{HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE};

    use crate::install::browsers::{Location, Scope, Variant};
    use crate::install::platform::{VARIANTS, registry_key};

    fn hive(scope: Scope) -> RegKey {
        RegKey::predef(match scope {
            Scope::User => HKEY_CURRENT_USER,
            Scope::System => HKEY_LOCAL_MACHINE,
        })
    }

    /// Browsers may share a key, and Firefox's channels do.
    fn keys(location: &Location) -> HashSet<String> {
        location
            .variants
            .iter()
            .map(|variant| registry_key(variant.browser, location.registration))
            .collect()
    }

    fn named_file(scope: Scope, key: &str) -> Option<PathBuf> {
        let key = hive(scope).open_subkey(key).ok()?;
        key.get_value::<String, _>("").ok().map(PathBuf::from)
    }

    /// Names the file in the registry; false when every key was so already.
    pub fn announce(location: &Location) -> io::Result<bool> {
        let mut changed = false;
        for key in keys(location) {
            if named_file(location.scope, &key).as_deref() != Some(&*location.file) {
                let (key, _) = hive(location.scope).create_subkey(key)?;
                key.set_value("", &location.file.as_os_str())?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Takes the keys away; false when there were none.
    pub fn withdraw(location: &Location) -> io::Result<bool> {
        let mut changed = false;
        for key in keys(location) {
            match hive(location.scope).delete_subkey(key) {
                Ok(()) => changed = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(changed)
    }

    /// The manifest that the browser will read there, if a key names one.
    pub fn announced(variant: &Variant, location: &Location) -> Option<PathBuf> {
        let key = registry_key(variant.browser, location.registration);
        named_file(location.scope, &key)
    }

    /// Whether a key of any browser still names the file.
    pub fn is_announced_anywhere(location: &Location) -> bool {
        VARIANTS.iter().any(|variant| {
            announced(variant, location).as_deref() == Some(Path::new(&location.file))
        })
    }
}
