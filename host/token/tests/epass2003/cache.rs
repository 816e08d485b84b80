//! Tokens that were listed before, by an earlier program.

use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use kagibashi_card::channel::{Count, Counting};
use kagibashi_card_simulator::faults::Fault;
use kagibashi_card_simulator::personalise::{self, Attributes, Layout, Request};
use kagibashi_card_simulator::{Card, Settings};
use kagibashi_token::{
    PublicCache, SignatureAlgorithm, Token, TokenCertificate, TokenError, TokenInfo, driver,
};

use sha2::{Digest, Sha256};

use crate::simulated::{MODES, PIN, Reader, directory, overwrite, pin};

const LAYOUTS: [Layout; 2] = [Layout::Pkcs15, Layout::Espk(Attributes::All)];

/// The most commands to a token that was just plugged in.
fn budget(layout: Layout) -> usize {
    match layout {
        Layout::Pkcs15 => 6,
        Layout::Espk(_) => 11,
    }
}

/// Set up yesterday; the same card set up again an hour later, for somebody else.
fn issue(layout: Layout, again: bool) -> personalise::Token {
    static ISSUED: [OnceLock<personalise::Token>; 4] = [const { OnceLock::new() }; 4];
    let index = usize::from(layout == Layout::Pkcs15) * 2 + usize::from(again);
    let make = || {
        let yesterday = SystemTime::now() - Duration::from_hours(24);
        personalise::company(&Request {
            settings: Settings {
                seed: 1 + u64::from(again),
                ..Settings::default()
            },
            now: yesterday + Duration::from_hours(u64::from(again)),
            layout,
            ..Request::default()
        })
    };
    ISSUED[index].get_or_init(make).clone()
}

struct Computer {
    folder: tempfile::TempDir,
}

type Listing = (TokenInfo, Vec<TokenCertificate>);

impl Computer {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn open(&self, reader: &Reader) -> Result<(Box<dyn Token>, Count), TokenError> {
        let cache = PublicCache::in_folder(self.folder.path());
        let (channel, count) = Counting::new(reader.clone().channel());
        let token = driver::open_with_cache(Box::new(channel), "", &reader.atr(), &cache)?;
        Ok((token, count))
    }

    fn list(&self, reader: &Reader) -> Result<(Listing, usize), TokenError> {
        let (mut token, count) = self.open(reader)?;
        let listing = (token.info()?, token.certificates()?);
        Ok((listing, count.get()))
    }

    /// What a token holds by the cache, and what it costs.
    fn list_plugged(&self, card: &Card) -> (Listing, usize) {
        self.list(&plugged(card)).unwrap()
    }

    fn notes(&self) -> Vec<std::path::PathBuf> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

fn plugged(card: &Card) -> Reader {
    let mut card = card.clone();
    card.reset();
    Reader::with(card)
}

fn ders(listing: &Listing) -> Vec<Vec<u8>> {
    listing.1.iter().map(|found| found.der.clone()).collect()
}

fn expected(token: &personalise::Token) -> Vec<Vec<u8>> {
    let chain = [token.intermediate.clone(), token.root.clone()];
    [token.clients.clone(), chain.to_vec()].concat()
}

#[test]
fn a_known_token_is_listed_in_few_commands() {
    for layout in LAYOUTS {
        let issued = issue(layout, false);
        for mode in MODES {
            let computer = Computer::new();
            let card = issued.card.clone().remade(|settings| settings.mode = mode);
            let (cold, cost) = computer.list_plugged(&card);
            assert!(cost > 20, "{layout:?}: {cost}");
            let (warm, cost) = computer.list_plugged(&card);
            println!("{layout:?} {mode:?}: {cost} commands for a known token");
            assert!(cost <= budget(layout), "{layout:?} {mode:?}: {cost}");
            assert_eq!(ders(&warm), expected(&issued));
            assert_eq!(warm.0, cold.0);
            let keys = |listing: &Listing| -> Vec<_> {
                let keys = listing.1.iter().map(|found| found.key.clone());
                keys.collect()
            };
            assert_eq!(keys(&warm), keys(&cold));

            // The note is as good as the token: it signs, and the tries are asked for.
            let (mut token, _) = computer.open(&plugged(&card)).unwrap();
            let key = token.certificates().unwrap()[0].key.clone().unwrap();
            assert_eq!(token.pin_status().unwrap().tries_left, Some(10));
            let mut logged_in = token.login_for(&key, &pin(PIN)).unwrap();
            let algorithm = SignatureAlgorithm::Rs256;
            logged_in.sign(&key, algorithm, &[7; 32]).unwrap();
        }
    }
}

#[test]
fn a_token_that_is_not_where_it_was_is_found_all_the_same() {
    for layout in LAYOUTS {
        let computer = Computer::new();
        let reader = plugged(&issue(layout, false).card);
        computer.list(&reader).unwrap();
        // The card's current directory is the one that the first look left.
        let (listing, cost) = computer.list(&reader).unwrap();
        assert_eq!(ders(&listing), expected(&issue(layout, false)));
        assert!(cost <= budget(layout) + 2, "{layout:?}: {cost}");
    }
}

#[test]
fn a_token_set_up_anew_is_never_shown_as_it_was() {
    for before in LAYOUTS {
        for after in LAYOUTS {
            let computer = Computer::new();
            computer.list_plugged(&issue(before, false).card);
            for _ in 0..2 {
                // In the same state, and with the same answer to reset, as far as that goes.
                let (listing, _) = computer.list_plugged(&issue(after, true).card);
                assert_eq!(ders(&listing), expected(&issue(after, true)));
            }
        }
    }
}

#[test]
fn one_changed_file_of_the_makers_layout_is_noticed() {
    let layout = Layout::Espk(Attributes::All);
    let issued = issue(layout, false);
    let [token_info, certificate] = [0x2440, 0x24A0];
    // Beginnings of files: another label; another serial number in the certificate, at the place
    // where it differs from that of the card that was set up later.
    let other = issue(layout, true);
    let reader = plugged(&other.card);
    let mut card = directory(&reader, 0x2003);
    crate::simulated::select(&mut card, certificate);
    let read = kagibashi_card::apdu::Command::new(0x00, 0xB0, 0, 0).expecting(0xD8);
    let beginning = card.transmit(&read).unwrap().data;
    drop(card);
    for (file, bytes) in [(token_info, b"Other".to_vec()), (certificate, beginning)] {
        let computer = Computer::new();
        let reader = plugged(&issued.card);
        let (before, _) = computer.list(&reader).unwrap();
        overwrite(&mut directory(&reader, 0x2003), file, &bytes);
        let (after, _) = computer.list(&reader).unwrap();
        if file == token_info {
            assert!(after.0.label.starts_with("Other"), "{}", after.0.label);
        } else {
            assert_ne!(ders(&after)[0], ders(&before)[0]);
        }
        let (again, _) = computer.list(&reader).unwrap();
        assert_eq!(
            (again.0.label, ders(&after)),
            (after.0.label.clone(), ders(&after))
        );
    }
}

/// The most that a changed index shows is one record more, in the first place that is free.
#[test]
fn a_file_that_came_is_noticed_by_its_record() {
    const RECORD: usize = 30;
    let issued = issue(Layout::Espk(Attributes::All), false);
    let computer = Computer::new();
    let reader = plugged(&issued.card);
    let (before, _) = computer.list(&reader).unwrap();
    let mut card = directory(&reader, 0x2003);
    crate::simulated::select(&mut card, 0x6F01);
    let mut index = Vec::new();
    while index
        .chunks_exact(RECORD)
        .all(|record| record[0] != 0 || record[1] != 0)
    {
        let [high, low] = u16::try_from(index.len()).unwrap().to_be_bytes();
        let read = kagibashi_card::apdu::Command::new(0x00, 0xB0, high, low).expecting(30);
        index.extend(card.transmit(&read).unwrap().data);
    }
    let free = index.len() - RECORD;
    // One certificate more, though the card does not have its file.
    let mut record = index
        .chunks_exact(RECORD)
        .find(|record| record[12..].starts_with(b"cert0000"))
        .unwrap()
        .to_vec();
    record[..2].copy_from_slice(&0x2FE0_u16.to_le_bytes());
    record[12..20].copy_from_slice(b"cert0009");
    let [high, low] = u16::try_from(free).unwrap().to_be_bytes();
    let write = kagibashi_card::apdu::Command::new(0x00, 0xD6, high, low).with_data(&record);
    crate::simulated::demand(&mut card, &write);
    drop(card);
    let (after, cost) = computer.list(&reader).unwrap();
    assert!(cost > 20, "the note was believed");
    assert!(after.1.len() > before.1.len());
}

#[test]
fn two_tokens_of_one_make_are_not_taken_for_each_other() {
    for layout in LAYOUTS {
        let computer = Computer::new();
        let one = issue(layout, false);
        let other = issue(layout, true);
        let other_card = other
            .card
            .clone()
            .remade(|settings| settings.serial = [7; 8]);
        for _ in 0..2 {
            assert_eq!(ders(&computer.list_plugged(&one.card).0), expected(&one));
            let (listing, cost) = computer.list_plugged(&other_card);
            assert_eq!(ders(&listing), expected(&other));
            assert_eq!(listing.0.serial, "0707070707070707");
            assert!(cost > 0);
        }
        let (_, cost) = computer.list_plugged(&other_card);
        assert!(cost <= budget(layout), "both are known: {cost}");
        assert_eq!(computer.notes().len(), 2);
    }
}

#[test]
fn a_token_set_up_this_very_moment_is_not_noted() {
    let computer = Computer::new();
    let issued = personalise::company(&Request {
        // Ahead of the clock, as if it were set up again right now.
        now: SystemTime::now() + Duration::from_mins(10),
        ..Request::default()
    });
    computer.list_plugged(&issued.card);
    assert!(computer.notes().is_empty());
}

#[test]
fn trouble_while_a_note_is_checked_is_trouble_and_nothing_else() {
    for layout in LAYOUTS {
        let issued = issue(layout, false);
        let computer = Computer::new();
        let (_, _) = computer.list_plugged(&issued.card);
        let (_, steps) = computer.list_plugged(&issued.card);
        for step in 1..=steps as u64 {
            let reader = plugged(&issued.card);
            reader.plan(step, Fault::LoseSession);
            let (listing, _) = computer.list(&reader).unwrap();
            assert_eq!(ders(&listing), expected(&issued), "{layout:?} {step}");

            let reader = plugged(&issued.card);
            reader.plan(step, Fault::Remove);
            let listed = computer.list(&reader);
            assert!(
                matches!(listed, Err(TokenError::CardRemoved)),
                "{layout:?} {step}: {listed:?}"
            );
        }
    }
}

/// Whoever can write here is the person themselves, and then a note is at most wrong.
#[test]
fn a_note_that_lies_stops_nothing() {
    for layout in LAYOUTS {
        let issued = issue(layout, false);
        let computer = Computer::new();
        computer.list_plugged(&issued.card);
        let file = computer.notes().remove(0);
        let whole = fs::read_to_string(&file).unwrap();
        let json = whole.split_once('\n').unwrap().1;
        let write = |json: &str| {
            let digest = hex::encode(Sha256::digest(json));
            fs::write(&file, format!("{digest}\n{json}")).unwrap();
        };
        let other = match layout {
            Layout::Pkcs15 => json.replace("\"Pkcs15\"", "\"Espk\""),
            Layout::Espk(_) => json.replace("\"Espk\"", "\"Pkcs15\""),
        };
        for altered in [
            json.replacen("\"aes\"", "\"triple-des\"", 1),
            json.replace("3307011617051201", "0000000000000000"),
            other,
        ] {
            assert_ne!(altered, json);
            write(&altered);
            let (listing, _) = computer.list_plugged(&issued.card);
            assert_eq!(ders(&listing), expected(&issued), "{layout:?}");
        }
        // Contents at random: nothing worse than other certificates than the token's.
        for position in (0..json.len()).step_by(json.len() / 60) {
            let mut altered = json.to_owned();
            altered.replace_range(position..=position, "0");
            write(&altered);
            computer.list_plugged(&issued.card);
        }
        // What a disk does to a file is noticed.
        for position in (0..whole.len()).step_by(whole.len() / 30) {
            let mut altered = whole.clone().into_bytes();
            altered[position] ^= 1;
            fs::write(&file, &altered).unwrap();
            let (listing, cost) = computer.list_plugged(&issued.card);
            assert_eq!(ders(&listing), expected(&issued), "{layout:?}");
            assert!(cost > 20, "{layout:?}: {cost}");
        }
    }
}
