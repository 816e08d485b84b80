//! The list of PKCS#11 modules in an NSS database: the file `pkcs11.txt`, as
//! pkcs11.txt(5) of NSS tells it. Entries are lines of `key=value`, ended by an
//! empty line; values are not quoted.
//!
//! It is written here and not by NSS's `modutil`: that is in a package of its
//! own which few have, loads and starts every module in the list just to change
//! one line, and does not lock the file either.

use std::path::Path;

use crate::identity::IDENTITY;

/// The file in the folder of a database.
pub const FILE: &str = "pkcs11.txt";

/// The entry of NSS itself.
const OWN_MODULE: &str = "NSS Internal PKCS #11 Module";

/// The list of a database as bytes: paths of others need not be Unicode.
pub struct ModuleList<'a>(pub &'a [u8]);

impl<'a> ModuleList<'a> {
    fn entries(&self) -> impl Iterator<Item = Entry<'a>> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let length = entry_length(rest);
            let (entry, after) = rest.split_at(length);
            rest = after;
            (length > 0).then_some(Entry(entry))
        })
    }

    /// The file that our entry names, if there is such an entry.
    pub fn our_module(&self) -> Option<String> {
        let ours = self.entries().find(Entry::is_ours)?;
        Some(String::from_utf8_lossy(ours.value(b"library").unwrap_or_default()).into_owned())
    }

    /// The list without our entry, all else as it was.
    pub fn without_us(&self) -> Vec<u8> {
        self.entries()
            .filter(|entry| !entry.is_ours())
            .flat_map(|entry| entry.0)
            .copied()
            .collect()
    }

    /// The list with our entry at its end. `None` for a path that the format
    /// cannot hold.
    pub fn with_us(&self, module: &Path) -> Option<Vec<u8>> {
        let module = module
            .to_str()
            .filter(|path| !path.contains(['\n', '\r']))?;
        let mut list = self.without_us();
        if !list.is_empty() {
            while !list.ends_with(b"\n\n") {
                list.push(b'\n');
            }
        }
        list.extend(format!("library={module}\nname={}\n\n", IDENTITY.module_label).bytes());
        Some(list)
    }
}

/// The list of a database that is new, as NSS 3.87 writes it. The keys and
/// certificates are added by NSS at the first use.
pub fn new_list(database: &Path) -> Option<Vec<u8>> {
    // The path is in single quotes, where NSS takes a backslash as an escape.
    let database = database
        .to_str()
        .filter(|path| !path.contains(['\n', '\r']))?
        .replace('\\', r"\\")
        .replace('\'', r"\'");
    let list = format!(
        "library=\n\
         name={OWN_MODULE}\n\
         parameters=configdir='sql:{database}' certPrefix='' keyPrefix='' secmod='secmod.db' flags= \
         updatedir='' updateCertPrefix='' updateKeyPrefix='' updateid='' updateTokenDescription='' \n\
         NSS=Flags=internal,critical trustOrder=75 cipherOrder=100 \
         slotParams=(1={{slotFlags=[ECC,RSA,DSA,DH,RC2,RC4,DES,RANDOM,SHA1,MD5,MD2,SSL,TLS,AES,Camellia,SEED,\
         SHA256,SHA512] askpw=any timeout=30}})\n\n"
    );
    Some(list.into_bytes())
}

/// An entry with the empty lines after it.
struct Entry<'a>(&'a [u8]);

impl<'a> Entry<'a> {
    fn value(&self, key: &[u8]) -> Option<&'a [u8]> {
        self.0.split(|byte| *byte == b'\n').find_map(|line| {
            let split = line.iter().position(|byte| *byte == b'=')?;
            let (name, value) = (&line[..split], &line[split + 1..]);
            name.trim_ascii()
                .eq_ignore_ascii_case(key)
                .then(|| unquoted(value.trim_ascii()))
        })
    }

    fn is_ours(&self) -> bool {
        self.value(b"name") == Some(IDENTITY.module_label.as_bytes())
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""))
        .unwrap_or(value)
}

/// Up to the end of the empty lines after the first entry.
fn entry_length(list: &[u8]) -> usize {
    let mut length = 0;
    let mut ended = false;
    for line in list.split_inclusive(|byte| *byte == b'\n') {
        let is_empty = line.trim_ascii().is_empty();
        if ended && !is_empty {
            break;
        }
        ended |= is_empty && length > 0;
        length += line.len();
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: &[u8] = b"library=/opt/\xffother.so\nname=Other\n\n";

    #[test]
    fn what_was_put_in_comes_out_and_nothing_else() {
        let new = new_list(Path::new("/home/a/.pki/nssdb")).unwrap();
        let cases: [(Vec<u8>, Vec<u8>); 5] = [
            (new.clone(), new.clone()),
            ([&new, OTHER].concat(), [&new, OTHER].concat()),
            // The end of an entry that somebody edited is put right.
            (
                [&new, OTHER.trim_ascii_end()].concat(),
                [&new, OTHER].concat(),
            ),
            (b"\n\n".to_vec(), b"\n\n".to_vec()),
            (Vec::new(), Vec::new()),
        ];
        for (before, after) in cases {
            let with = ModuleList(&before)
                .with_us(Path::new("/opt/鍵 橋/m.so"))
                .unwrap();
            assert_eq!(ModuleList(&with).our_module().unwrap(), "/opt/鍵 橋/m.so");
            assert_eq!(ModuleList(&with).without_us(), after);
            let again = ModuleList(&with)
                .with_us(Path::new("/opt/鍵 橋/m.so"))
                .unwrap();
            assert_eq!(again, with);
            let moved = ModuleList(&with).with_us(Path::new("/m.so")).unwrap();
            assert_eq!(ModuleList(&moved).our_module().unwrap(), "/m.so");
            assert_eq!(ModuleList(&before).our_module(), None);
        }
    }

    #[test]
    fn entries_of_any_style_are_understood() {
        let quoted = b"Name=\"Kagibashi\"\r\nlibrary=\"/a.so\"\r\n\r\nname=Kagibashi 2\n";
        assert_eq!(ModuleList(quoted).our_module().unwrap(), "/a.so");
        assert_eq!(ModuleList(quoted).without_us(), b"name=Kagibashi 2\n");
        assert!(ModuleList(b"").with_us(Path::new("/a\nb.so")).is_none());
    }
}
