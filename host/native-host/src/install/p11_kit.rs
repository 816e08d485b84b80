//! The file by which p11-kit knows a module: lines of `key: value`, by
//! pkcs11.conf(5).

use std::path::Path;

use super::places::MODULE_FILE;
use super::registration::Standing;
use crate::manifest;

/// The name of our file. It must begin with a letter or digit.
pub const FILE: &str = "kagibashi.module";

/// The file for a module, as text. `None` for a path that it cannot hold.
pub fn render(module: &Path) -> Option<String> {
    let module = module
        .to_str()
        .filter(|path| !path.contains(['\n', '\r']))?;
    let template = include_str!("../../../../manifests/p11-kit/kagibashi.module");
    Some(manifest::with_names(template).replace("{modulePath}", module))
}

/// Whose the file is, by the module that it names.
pub fn standing(text: &[u8]) -> Standing {
    let text = String::from_utf8_lossy(text);
    let path = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "module").then(|| value.trim().to_owned())
    });
    match path {
        // An empty path tells p11-kit to pass over the module.
        Some(path) if !path.is_empty() => {
            if Path::new(&path).ends_with(MODULE_FILE) {
                Standing::Ours {
                    path,
                    manifest: None,
                }
            } else {
                Standing::Foreign { name: path }
            }
        }
        _ => Standing::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_names_its_module() {
        let path = Path::new("/opt/#鍵 橋").join(MODULE_FILE);
        let text = render(&path).unwrap();
        assert!(!text.contains(['{', '}']), "{text}");
        let ours = Standing::Ours {
            path: path.to_str().unwrap().to_owned(),
            manifest: None,
        };
        assert_eq!(standing(text.as_bytes()), ours);
        let other = "#module: /x\n module : opensc-pkcs11.so\n";
        let name = "opensc-pkcs11.so".to_owned();
        assert_eq!(standing(other.as_bytes()), Standing::Foreign { name });
        for damaged in ["", "critical: no", "module:\n", "\u{0}"] {
            assert_eq!(standing(damaged.as_bytes()), Standing::Damaged);
        }
        assert!(render(Path::new("/a\nb.so")).is_none());
    }
}
