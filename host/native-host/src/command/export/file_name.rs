//! The name of a file for a certificate: text from a card, so it may try to be
//! anything.

use kagibashi_protocol::object::Certificate;

/// Bytes that are left of a holder's name and of a serial number. With number
/// and ending that is less than the 255 of every file system.
const HOLDER_MAX: usize = 150;
const SERIAL_MAX: usize = 64;

/// Holder and serial number, without an ending.
pub fn of(certificate: &Certificate) -> String {
    let holder = harmless(certificate.holder.as_str(), HOLDER_MAX);
    let serial = harmless(certificate.serial.as_str(), SERIAL_MAX);
    let parts = [holder, serial];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        "certificate".to_owned()
    } else {
        parts.join(" ")
    }
}

/// Without what a file system, a shell or a file manager takes for something
/// else, and at most so many bytes long.
fn harmless(text: &str, at_most: usize) -> String {
    let mut name = String::new();
    for character in text.chars().filter_map(replaced) {
        if name.len() + character.len_utf8() > at_most {
            break;
        }
        name.push(character);
    }
    // Hidden on Unix, or dropped by Windows.
    name.trim_matches(|it: char| it == '.' || it.is_whitespace())
        .to_owned()
}

fn replaced(character: char) -> Option<char> {
    match character {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%' | '$' | '`' | '\'' => Some('_'),
        // Invisible, or turning the direction of what follows: ".exe" could
        // read as something else.
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => None,
        control if control.is_control() => None,
        space if space.is_whitespace() => Some(' '),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_like_to_be_something_else() {
        let long = "鍵".repeat(60);
        let cases = [
            ("山田 太郎", "山田 太郎"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("...", ""),
            ("C:\\Windows\\system32", "C__Windows_system32"),
            ("a\u{202e}gpj.exe", "agpj.exe"),
            ("a\u{0}\n\t\u{1b}[2J", "a[2J"),
            ("\u{3000}山田\u{3000}太郎 ", "山田 太郎"),
            ("$(rm -rf ~)`x`", "_(rm -rf ~)_x_"),
            ("👩‍💻", "👩💻"),
            (&long, &"鍵".repeat(50)),
        ];
        for (text, name) in cases {
            assert_eq!(harmless(text, HOLDER_MAX), name, "{text:?}");
        }
    }
}
