//! What is public on the token, out of a [`PublicCache`]: believed once the token has shown that it
//! was not rewritten since.
//!
//! - PKCS#15: whoever writes notes the time in `TokenInfo`, to the second. One without such a time,
//!   or from this very second, is not noted at all.
//! - ENTERSAFE-ESPK: nothing is known that changes each time. The index tells what came and went; the
//!   beginning of each certificate that has a key, with its serial number, what was replaced by
//!   another of the same size, as a renewed certificate often is. So each certificate costs two
//!   commands beyond the five to know the token and find its index.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Epass2003, espk, pkcs15};
use crate::cache::{Note, PublicCache};
use crate::error::TokenError;
use crate::layout::Layout;
use crate::pkcs15::token_info;

/// The cache, and what it has of this token.
pub(super) struct Recollection {
    cache: PublicCache,
    atr: Vec<u8>,
    /// Not looked at yet: each is of a token with this answer to reset.
    notes: Vec<Note>,
    /// How many files the note has by now.
    noted: usize,
}

impl Recollection {
    pub(super) fn new(cache: &PublicCache, atr: &[u8], notes: Vec<Note>) -> Self {
        Self {
            cache: cache.clone(),
            atr: atr.to_owned(),
            notes,
            noted: 0,
        }
    }
}

impl Epass2003 {
    /// Takes up what is noted of this token, if it is still so. Only the first time there is
    /// anything to do.
    pub(super) fn recall(&mut self) -> Result<(), TokenError> {
        let notes = match &mut self.recollection {
            Some(recollection) => std::mem::take(&mut recollection.notes),
            None => return Ok(()),
        };
        if notes.is_empty() {
            return Ok(());
        }
        let serial = self.serial()?;
        let Some(note) = notes.into_iter().find(|note| note.serial == serial) else {
            return Ok(());
        };
        self.files.expect_at_top(note.layout);
        let unchanged = match note.layout {
            Layout::Pkcs15 => self.is_unchanged_pkcs15(&note),
            Layout::Espk => self.is_unchanged_espk(&note),
        };
        match unchanged {
            Ok(true) => {
                if let Some(recollection) = &mut self.recollection {
                    recollection.noted = note.files.len();
                }
                self.files.put_contents(note.files);
            }
            Ok(false) | Err(TokenError::Unexpected { .. } | TokenError::NotInitialised) => {
                tracing::info!("the token was rewritten since it was noted");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn is_unchanged_pkcs15(&mut self, note: &Note) -> Result<bool, TokenError> {
        self.read_pkcs15_description()?;
        let now = self.files.content(pkcs15::TOKEN_INFO);
        Ok(now.is_some() && now == note.files.get(&pkcs15::TOKEN_INFO))
    }

    fn is_unchanged_espk(&mut self, note: &Note) -> Result<bool, TokenError> {
        for beginning in espk::beginnings(&note.files) {
            let now = self.read_now(beginning.file, beginning.content.len())?;
            if now != beginning.content {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Notes what was read, if there is more of it than before.
    pub(super) fn note(&mut self) -> Result<(), TokenError> {
        let contents = self.files.contents();
        let known = match &self.recollection {
            Some(recollection) => recollection.noted,
            None => return Ok(()),
        };
        let Some(layout) = self.files.layout() else {
            return Ok(());
        };
        let settled = match layout {
            Layout::Pkcs15 => contents
                .get(&pkcs15::TOKEN_INFO)
                .is_some_and(|info| is_settled(info, SystemTime::now())),
            Layout::Espk => contents.contains_key(&espk::INDEX),
        };
        if contents.len() <= known || !settled {
            return Ok(());
        }
        let files = contents.clone();
        let serial = self.serial()?;
        let mode = self.card.mode();
        if let Some(recollection) = &mut self.recollection {
            recollection.noted = files.len();
            recollection.cache.keep(&Note {
                atr: recollection.atr.clone(),
                serial,
                layout,
                mode,
                files,
            });
        }
        Ok(())
    }
}

/// Whether the next to write onto the token would leave another time there.
fn is_settled(token_info: &[u8], now: SystemTime) -> bool {
    /// As far as the second of a clock that is read twice can be apart.
    const MARGIN: Duration = Duration::from_secs(2);
    let latest = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let latest = latest.checked_sub(MARGIN).unwrap_or_default();
    token_info::last_update(token_info).is_some_and(|written| written < latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `TokenInfo` with that time.
    fn info(time: &[u8]) -> Vec<u8> {
        let field = u8::try_from(time.len()).unwrap();
        let mut info = vec![0x30, field + 7, 0x02, 1, 0, 0xA5, field + 2, 0x18, field];
        info.extend(time);
        info
    }

    #[test]
    fn a_token_is_noted_when_its_time_has_passed() {
        // 2026-11-22T23:59:13Z
        let now = UNIX_EPOCH + Duration::from_secs(1_795_391_953);
        for (time, settled) in [
            (&b"20261122235910Z"[..], true),
            (b"20201122235910Z", true),
            (b"20261122235911Z", false),
            (b"20261122235913Z", false),
            (b"20271122235910Z", false),
            (b"20261122", false),
            (b"", false),
        ] {
            assert_eq!(is_settled(&info(time), now), settled, "{time:?}");
        }
        assert!(!is_settled(&[0x30, 3, 2, 1, 0], now));
        assert!(!is_settled(b"", now));
    }
}
