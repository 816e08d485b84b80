//! How many APDUs an operation sends to the card, beside its budget.
//!
//! The card is the slow part: each command costs a real token some tens of
//! milliseconds. So commands are counted, not time: the number is the same on
//! every machine. Ends with 1 when a budget is not met.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

mod card_channel;
mod handshake;
mod host;
mod process;

use anyhow::{Context, Result};
use card_channel::CardChannel;
use kagibashi_card::channel::{Count, Counting};
use kagibashi_card_simulator::personalise::{self, Attributes, Layout, Request};
use kagibashi_card_simulator::{Card, Mode};
use kagibashi_token::{
    KeyHandle, LoggedIn, Pin, PublicCache, SignatureAlgorithm, Token, TokenInfo, driver,
};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// The user PIN of a token made by [`Request::default`].
const PIN: &str = "12345678";

/// An operation, and how many commands it may send in each layout.
struct Operation {
    name: &'static str,
    pkcs15: usize,
    espk: usize,
    /// How many commands it sent.
    measure: fn(&Card, &Listed) -> Result<usize>,
}

/// What is known of a token that was listed before.
struct Listed {
    info: TokenInfo,
    key: KeyHandle,
}

const OPERATIONS: [Operation; 5] = [
    Operation {
        name: "list a token never seen",
        pkcs15: 40,
        espk: 50,
        measure: cold_list,
    },
    Operation {
        name: "list a token seen before",
        pkcs15: 6,
        // Nothing on such a token is known to change whenever it is rewritten.
        espk: 11,
        measure: warm_list,
    },
    Operation {
        name: "sign with a token never seen",
        pkcs15: 11,
        espk: 11,
        measure: cold_sign,
    },
    Operation {
        name: "sign with a token seen before",
        pkcs15: 9,
        espk: 9,
        measure: known_sign,
    },
    Operation {
        name: "sign once more",
        pkcs15: 2,
        espk: 2,
        measure: next_sign,
    },
];

const LAYOUTS: [(&str, Layout); 2] = [
    ("PKCS#15", Layout::Pkcs15),
    ("ENTERSAFE-ESPK", Layout::Espk(Attributes::All)),
];

const MODES: [(&str, Mode); 3] = [
    ("AES", Mode::Aes),
    ("CMAC", Mode::Cmac),
    ("3DES", Mode::TripleDes),
];

/// How long the software card's key works, as a real one's does.
const KEY_DELAYS: [(Duration, &str); 2] = [
    (Duration::ZERO, "0 ms"),
    (Duration::from_millis(300), "300 ms"),
];

/// What something cost.
struct Row {
    name: &'static str,
    commands: u64,
    /// None where it is only for comparison.
    budget: Option<u64>,
    time: Duration,
}

impl Row {
    /// Prints it; false when it is over its budget.
    fn print(&self) -> bool {
        let met = self.budget.is_none_or(|budget| self.commands <= budget);
        let verdict = match self.budget {
            Some(budget) if met => format!("{budget:>6}  met"),
            Some(budget) => format!("{budget:>6}  NOT MET"),
            None => String::new(),
        };
        let milliseconds = self.time.as_millis();
        println!(
            "  {:<30}{milliseconds:>13} ms{:>8}  {verdict}",
            self.name, self.commands
        );
        met
    }
}

fn main() -> Result<ExitCode> {
    println!("Commands to a token that was just plugged in (software token):\n");
    println!(
        "  {:<30}{:<16}{:<16}{:>8}  {:>6}",
        "operation", "layout", "secure channel", "commands", "budget"
    );
    let mut all_met = true;
    for (layout_name, layout) in LAYOUTS {
        let issued = personalise::company(&Request {
            layout,
            // One that is set up right now may change again in the same second.
            now: SystemTime::now() - Duration::from_hours(24),
            ..Request::default()
        });
        for operation in &OPERATIONS {
            for (mode_name, mode) in MODES {
                let card = issued.card.clone().remade(|settings| settings.mode = mode);
                let listed = list(&mut *open(&card)?.0)?;
                let commands = (operation.measure)(&card, &listed)
                    .with_context(|| format!("{} ({layout_name}, {mode_name})", operation.name))?;
                let budget = match layout {
                    Layout::Pkcs15 => operation.pkcs15,
                    Layout::Espk(_) => operation.espk,
                };
                let met = commands <= budget;
                all_met &= met;
                println!(
                    "  {:<30}{layout_name:<16}{mode_name:<16}{commands:>8}  {budget:>6}  {}",
                    operation.name,
                    if met { "met" } else { "NOT MET" }
                );
            }
        }
    }
    for (key_delay, title) in KEY_DELAYS {
        println!("\nThrough PC/SC, the host and its module, {title} for each use of the key:\n");
        let card = personalise::company(&Request::default()).card;
        for row in handshake::measure(&card, key_delay)? {
            all_met &= row.print();
        }
    }
    println!();
    Ok(if all_met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// All that a window shows before the person types anything.
fn list(token: &mut dyn Token) -> Result<Listed> {
    let info = token.info()?;
    let certificates = token.certificates()?;
    anyhow::ensure!(certificates.len() == 3, "not three certificates");
    token.pin_status()?;
    let mut keys = certificates.into_iter().filter_map(|found| found.key);
    let key = keys.next().context("the token has no key")?;
    Ok(Listed { info, key })
}

fn cold_list(card: &Card, _: &Listed) -> Result<usize> {
    let (mut token, count) = open(card)?;
    list(&mut *token)?;
    Ok(count.get())
}

/// What does not change from moment to moment, by a program that starts anew.
fn warm_list(card: &Card, _: &Listed) -> Result<usize> {
    let folder = tempfile::tempdir()?;
    let cache = PublicCache::in_folder(folder.path());
    let mut commands = 0;
    for _ in 0..2 {
        let (channel, count) = Counting::new(CardChannel(card.clone()));
        let mut token = driver::open_with_cache(Box::new(channel), "Bench", &card.atr(), &cache)?;
        token.info()?;
        token.certificates()?;
        commands = count.get();
    }
    Ok(commands)
}

/// With a key that another program has listed.
fn cold_sign(card: &Card, listed: &Listed) -> Result<usize> {
    let (mut token, count) = open(card)?;
    let mut login = token.login_for(&listed.key, &Pin::new(PIN)?)?;
    sign(&mut login, listed)?;
    Ok(count.get())
}

/// As between choosing and signing.
fn known_sign(card: &Card, listed: &Listed) -> Result<usize> {
    let (mut token, count) = open_again(card, listed)?;
    let mut login = token.login_for(&listed.key, &Pin::new(PIN)?)?;
    sign(&mut login, listed)?;
    Ok(count.get())
}

fn next_sign(card: &Card, listed: &Listed) -> Result<usize> {
    let (mut token, count) = open_again(card, listed)?;
    let mut login = token.login_for(&listed.key, &Pin::new(PIN)?)?;
    sign(&mut login, listed)?;
    let before = count.get();
    sign(&mut login, listed)?;
    Ok(count.get() - before)
}

fn sign(login: &mut LoggedIn, listed: &Listed) -> Result<()> {
    login.sign(&listed.key, SignatureAlgorithm::Rs256, &[7; 32])?;
    Ok(())
}

/// A token with a card of its own that counts what is sent to it.
fn open(card: &Card) -> Result<(Box<dyn Token>, Count)> {
    let (channel, count) = Counting::new(CardChannel(card.clone()));
    let token = driver::open(Box::new(channel), "Bench", &card.atr())?;
    Ok((token, count))
}

/// The same for one that was listed before.
fn open_again(card: &Card, listed: &Listed) -> Result<(Box<dyn Token>, Count)> {
    let (channel, count) = Counting::new(CardChannel(card.clone()));
    let token = driver::open_again(Box::new(channel), &card.atr(), &listed.info)?;
    Ok((token, count))
}
