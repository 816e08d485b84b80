//! Slots: a fixed number of places, and which token is in which.
//!
//! NSS reads the list of slots once, when it loads a module. So there are
//! always as many as there will ever be, with or without tokens in them.

use std::sync::Arc;

use cryptoki_sys::{CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_SLOT_ID};
use kagibashi_protocol::agent::{LoginBy, SlotCertificate, SlotToken};
use kagibashi_protocol::object::PinStatus;

use crate::mechanism;
use crate::object::{self, KeyType, Object};
use crate::return_value::{Outcome, ReturnValue};

/// How many tokens can be seen at one time.
pub const SLOTS: usize = 4;

/// One stay of one token: the host's number for it, and which connection to a
/// host it was heard on, as another host counts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    host: u64,
    since: u64,
}

/// A token in a slot.
#[derive(Clone, Debug)]
pub struct Present {
    /// As the host tells of it.
    pub token: SlotToken,
    /// Who asks for the PIN.
    pub login: LoginBy,
    /// Which of its stays.
    pub stay: Stay,
    /// Its objects.
    pub contents: Arc<Contents>,
}

/// The objects of a token under their handles.
#[derive(Debug)]
pub struct Contents {
    first: CK_OBJECT_HANDLE,
    objects: Vec<Object>,
}

impl Contents {
    /// The object of that handle.
    pub fn object(&self, handle: CK_OBJECT_HANDLE) -> Option<&Object> {
        let index = handle.checked_sub(self.first)?;
        self.objects.get(usize::try_from(index).ok()?)
    }

    /// The mechanisms of its keys, on a token with such a login. One without
    /// keys has those of RSA: programs make no sense of a token with none.
    pub fn mechanisms(&self, login: LoginBy) -> Vec<CK_MECHANISM_TYPE> {
        let has = |kind| {
            let mut keys = self.objects.iter().filter_map(|object| object.key.as_ref());
            keys.any(|key| key.kind == kind)
        };
        let has_curve = has(KeyType::EllipticCurve);
        let mut mechanisms = Vec::new();
        if has(KeyType::Rsa) || !has_curve {
            mechanisms.extend(mechanism::list(login, KeyType::Rsa));
        }
        if has_curve {
            mechanisms.extend(mechanism::list(login, KeyType::EllipticCurve));
        }
        mechanisms
    }

    /// All objects.
    pub fn iter(&self) -> impl Iterator<Item = (CK_OBJECT_HANDLE, &Object)> {
        (self.first..).zip(&self.objects)
    }
}

/// A token of which a slot keeps the objects. NSS holds on to the handle of a
/// key over a removal: back in its slot, the token has the same ones.
#[derive(Debug)]
struct Last {
    token: String,
    login: LoginBy,
    certificates: Vec<SlotCertificate>,
    contents: Arc<Contents>,
}

impl Last {
    fn holds(&self, login: LoginBy, token: &SlotToken) -> bool {
        self.token == token.id.as_str()
            && self.login == login
            && self.certificates == token.certificates
    }
}

/// One slot.
#[derive(Debug, Default)]
struct Slot {
    present: Option<Present>,
    /// The token that is or was in it.
    last: Option<Last>,
    /// When it was emptied; the order matters, not the number.
    emptied: u64,
    /// A token has come or gone since somebody asked.
    event: bool,
    /// For how many signatures with its token a person is being asked.
    asked: usize,
}

/// All slots.
#[derive(Debug)]
pub struct Slots {
    places: [Slot; SLOTS],
    next_handle: CK_OBJECT_HANDLE,
    clock: u64,
}

impl Default for Slots {
    fn default() -> Self {
        Self {
            places: Default::default(),
            // 0 is CK_INVALID_HANDLE.
            next_handle: 1,
            clock: 1,
        }
    }
}

impl Slots {
    /// The ids: 0, 1, and so on.
    pub fn ids() -> impl Iterator<Item = CK_SLOT_ID> {
        (0..).take(SLOTS)
    }

    fn slot(&self, id: CK_SLOT_ID) -> Outcome<&Slot> {
        usize::try_from(id)
            .ok()
            .and_then(|index| self.places.get(index))
            .ok_or(ReturnValue::SlotIdInvalid)
    }

    /// The token in a slot, if one is.
    pub fn present(&self, id: CK_SLOT_ID) -> Outcome<Option<&Present>> {
        self.slot(id).map(|slot| slot.present.as_ref())
    }

    /// Whether that stay goes on.
    pub fn lasts(&self, id: CK_SLOT_ID, stay: Stay) -> bool {
        matches!(self.present(id), Ok(Some(present)) if present.stay == stay)
    }

    /// Whether these objects are still in that slot, in whichever stay.
    pub fn holds(&self, id: CK_SLOT_ID, contents: &Arc<Contents>) -> bool {
        matches!(self.present(id), Ok(Some(present)) if Arc::ptr_eq(&present.contents, contents))
    }

    /// From now on a person is asked for a signature with the token of that
    /// slot: it stays in sight, also while the host has none.
    pub fn begin_asking(&mut self, id: CK_SLOT_ID) {
        self.with(id, |slot| slot.asked += 1);
    }

    /// The signature is there, or will never be.
    pub fn end_asking(&mut self, id: CK_SLOT_ID) {
        self.with(id, |slot| slot.asked = slot.asked.saturating_sub(1));
    }

    /// Whether a person is being asked for a signature with its token.
    pub fn is_asked(&self, id: CK_SLOT_ID) -> bool {
        self.slot(id).is_ok_and(|slot| slot.asked > 0)
    }

    fn with(&mut self, id: CK_SLOT_ID, act: impl FnOnce(&mut Slot)) {
        let index = usize::try_from(id).ok();
        if let Some(slot) = index.and_then(|index| self.places.get_mut(index)) {
            act(slot);
        }
    }

    /// Notes what a failed login said of the PIN.
    pub fn note_pin(&mut self, id: CK_SLOT_ID, change: impl FnOnce(&mut PinStatus)) {
        self.with(id, |slot| {
            if let Some(present) = &mut slot.present {
                change(&mut present.token.pin);
            }
        });
    }

    /// A slot whose token has come or gone since this was asked last.
    pub fn take_event(&mut self) -> Option<CK_SLOT_ID> {
        let (id, slot) = Self::ids()
            .zip(&mut self.places)
            .find(|(_, slot)| slot.event)?;
        slot.event = false;
        Some(id)
    }

    /// Puts the host's tokens into slots. `host` tells connections apart.
    ///
    /// A token keeps its slot; one that comes back gets the same again if it
    /// is free; a new one gets a slot that was never used, or else the one
    /// that has been empty for the longest time.
    pub fn update(&mut self, host: u64, login: LoginBy, tokens: Vec<SlotToken>) {
        self.clock += 1;
        for slot in &mut self.places {
            let stays = slot.present.as_ref().is_some_and(|present| {
                let is_there = tokens.iter().any(|token| present.is(host, token));
                let returned = tokens.iter().any(|token| token.id == present.token.id);
                is_there || slot.asked > 0 && !returned
            });
            if !stays && slot.present.take().is_some() {
                slot.emptied = self.clock;
                slot.event = true;
            }
        }
        for token in tokens {
            let known = self
                .places
                .iter_mut()
                .filter_map(|slot| slot.present.as_mut())
                .find(|present| present.is(host, &token));
            match known {
                Some(present) => present.token = token,
                None => self.insert(host, login, token),
            }
        }
    }

    fn insert(&mut self, host: u64, login: LoginBy, token: SlotToken) {
        let id = token.id.as_str();
        let free = self
            .places
            .iter_mut()
            .filter(|slot| slot.present.is_none())
            .min_by_key(|slot| {
                let returns = slot.last.as_ref().is_some_and(|last| last.token == id);
                (!returns, slot.emptied)
            });
        // More tokens than slots: the others show when there is room.
        let Some(slot) = free else { return };
        let stay = Stay {
            host,
            since: token.since,
        };
        let contents = match &slot.last {
            Some(last) if last.holds(login, &token) => Arc::clone(&last.contents),
            _ => {
                let objects = object::objects(&token.certificates, login);
                let first = self.next_handle;
                self.next_handle += CK_OBJECT_HANDLE::try_from(objects.len()).unwrap_or(0);
                Arc::new(Contents { first, objects })
            }
        };
        slot.last = Some(Last {
            token: id.to_owned(),
            login,
            certificates: token.certificates.clone(),
            contents: Arc::clone(&contents),
        });
        slot.event = true;
        slot.present = Some(Present {
            token,
            login,
            stay,
            contents,
        });
    }
}

impl Present {
    /// Whether the token says that nothing can be written to it. It is true
    /// everywhere, but programs that do their own logins like to open sessions
    /// for writing even when they only read and sign.
    pub fn is_write_protected(&self) -> bool {
        self.login == LoginBy::Window
    }

    /// Whether the host speaks of the very same stay. Other certificates make
    /// another one: what a program has found before is not there any more.
    fn is(&self, host: u64, token: &SlotToken) -> bool {
        self.stay.host == host
            && self.token.since == token.since
            && self.token.id == token.id
            && self.token.certificates == token.certificates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: &str, since: u64) -> SlotToken {
        SlotToken {
            id: id.into(),
            since,
            reader: "r".into(),
            label: "l".into(),
            serial: "00".into(),
            manufacturer: "m".into(),
            model: "ePass2003".into(),
            firmware: None,
            pin: PinStatus {
                tries_left: Some(10),
                maximum: Some(10),
                locked: false,
            },
            certificates: vec![],
        }
    }

    /// The ids of the tokens in the slots, `-` for none.
    fn layout(slots: &Slots) -> String {
        Slots::ids()
            .map(|id| {
                let present = slots.present(id).unwrap();
                present.map_or("-".to_owned(), |present| present.token.id.to_string())
            })
            .collect()
    }

    fn update(slots: &mut Slots, host: u64, tokens: &[(&str, u64)]) -> String {
        let tokens = tokens.iter().map(|(id, since)| token(id, *since)).collect();
        slots.update(host, LoginBy::Window, tokens);
        layout(slots)
    }

    #[test]
    fn tokens_keep_their_slots() {
        let mut slots = Slots::default();
        for (tokens, expected) in [
            (&[][..], "----"),
            (&[("a", 1)], "a---"),
            (&[("b", 2), ("a", 1)], "ab--"),
            (&[("b", 2)], "-b--"),
            // A new one leaves the slot of one that may come back.
            (&[("b", 2), ("c", 3)], "-bc-"),
            (&[("b", 2), ("c", 3), ("a", 4)], "abc-"),
            (&[("d", 5), ("c", 3)], "--cd"),
            // No slot is unused any more: the one empty for the longest time,
            // but not that of a token which is just coming back.
            (&[("d", 5), ("c", 3), ("b", 6)], "-bcd"),
            (&[("d", 5), ("c", 3), ("b", 6), ("e", 7)], "ebcd"),
            (&[("d", 5), ("c", 3), ("b", 6), ("e", 7), ("f", 8)], "ebcd"),
        ] {
            assert_eq!(update(&mut slots, 1, tokens), expected);
        }
    }

    #[test]
    fn a_stay_ends_when_the_host_says_so_and_with_the_host() {
        for login in [LoginBy::Window, LoginBy::Module] {
            let mut slots = Slots::default();
            let mut stay = |host, tokens: &[(&str, u64)]| {
                let tokens = tokens.iter().map(|(id, since)| token(id, *since)).collect();
                slots.update(host, login, tokens);
                slots.present(0).unwrap().map(|present| present.stay)
            };
            let first = stay(1, &[("a", 1)]);
            assert_eq!(stay(1, &[("a", 1), ("b", 2)]), first);
            let second = stay(1, &[("a", 3)]);
            assert!(second.is_some() && second != first);
            assert_eq!(stay(1, &[("a", 3)]), second);
            assert_eq!(stay(1, &[]), None);
            assert_ne!(stay(1, &[("a", 4)]), second);
            let other_host = stay(2, &[("a", 4)]);
            assert!(other_host.is_some() && other_host != second);
            assert!(slots.present(4).is_err());
        }
    }

    #[test]
    fn a_change_of_the_pin_is_no_new_stay() {
        let mut slots = Slots::default();
        update(&mut slots, 1, &[("a", 1)]);
        let before = slots.present(0).unwrap().unwrap().clone();
        let mut changed = token("a", 1);
        changed.pin.tries_left = Some(9);
        slots.update(1, LoginBy::Window, vec![changed]);
        let after = slots.present(0).unwrap().unwrap();
        assert_eq!(after.stay, before.stay);
        assert!(Arc::ptr_eq(&after.contents, &before.contents));
        assert_eq!(after.token.pin.tries_left, Some(9));
    }

    #[test]
    fn a_token_that_comes_back_has_the_same_objects_unless_they_differ() {
        let mut slots = Slots::default();
        let contents = |slots: &Slots| slots.present(0).unwrap().unwrap().contents.clone();
        update(&mut slots, 1, &[("a", 1)]);
        let before = contents(&slots);
        update(&mut slots, 1, &[]);
        update(&mut slots, 1, &[("a", 2)]);
        assert!(Arc::ptr_eq(&contents(&slots), &before));
        update(&mut slots, 1, &[]);
        let mut renewed = token("a", 3);
        renewed.certificates.push(SlotCertificate {
            id: "c".into(),
            der: vec![0x30, 0],
            label: "l".into(),
            has_key: false,
        });
        slots.update(1, LoginBy::Window, vec![renewed]);
        assert!(!Arc::ptr_eq(&contents(&slots), &before));
    }

    #[test]
    fn events_are_told_once() {
        let mut slots = Slots::default();
        assert_eq!(slots.take_event(), None);
        update(&mut slots, 1, &[("a", 1), ("b", 2)]);
        assert_eq!(slots.take_event(), Some(0));
        assert_eq!(slots.take_event(), Some(1));
        assert_eq!(slots.take_event(), None);
        update(&mut slots, 1, &[("a", 1)]);
        assert_eq!(slots.take_event(), Some(1));
        assert_eq!(slots.take_event(), None);
    }
}
