//! The name that the token's owner gave it.

/// The first 32 bytes, filled up with spaces.
pub(crate) fn label(token_info: &[u8]) -> String {
    let label = &token_info[..token_info.len().min(32)];
    String::from_utf8_lossy(label)
        .trim_end_matches([' ', '\0'])
        .to_owned()
}
