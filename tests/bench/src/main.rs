//! How many APDUs an operation sends to the card, beside its budget.
//!
//! The card is the slow part: each command costs a real token some tens of
//! milliseconds. So commands are counted, not time: the number is the same on
//! every machine. Ends with 1 when a budget is not met.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

mod card_channel;
mod handshake;
mod host;

use anyhow::{Context, Result};
use card_channel::CardChannel;
use kagibashi_card::channel::{Count, Counting};
use kagibashi_card_simulator::personalise::{self, Request};
use kagibashi_card_simulator::{Card, Mode, Settings};
use kagibashi_token::{KeyHandle, Pin, SignatureAlgorithm, Token, driver};
use std::process::ExitCode;
use std::time::Duration;

/// The user PIN of a token made by [`Request::default`].
const PIN: &str = "12345678";

/// An operation on a token nobody has talked to since it was plugged in.
struct Operation {
    name: &'static str,
    /// The most commands it may send.
    budget: usize,
    perform: fn(&mut dyn Token, &KeyHandle) -> Result<()>,
}

const OPERATIONS: [Operation; 2] = [
    Operation {
        name: "list the three certificates",
        budget: 40,
        perform: list,
    },
    Operation {
        name: "sign one hash",
        budget: 11,
        perform: sign,
    },
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
    println!("Commands to the card, from cold (software token):\n");
    println!(
        "  {:<30}{:<16}{:>8}  {:>6}",
        "operation", "secure channel", "commands", "budget"
    );
    let mut all_met = true;
    for (mode_name, mode) in MODES {
        let card = personalise::company(&Request {
            settings: Settings {
                mode,
                ..Settings::default()
            },
            ..Request::default()
        })
        .card;
        let key = signing_key(card.clone())?;
        for operation in &OPERATIONS {
            let (mut token, count) = open(card.clone())?;
            (operation.perform)(token.as_mut(), &key)
                .with_context(|| format!("{} ({mode_name})", operation.name))?;
            let met = count.get() <= operation.budget;
            all_met &= met;
            println!(
                "  {:<30}{mode_name:<16}{:>8}  {:>6}  {}",
                operation.name,
                count.get(),
                operation.budget,
                if met { "met" } else { "NOT MET" }
            );
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
fn list(token: &mut dyn Token, _key: &KeyHandle) -> Result<()> {
    token.info()?;
    anyhow::ensure!(token.certificates()?.len() == 3, "not three certificates");
    token.pin_status()?;
    Ok(())
}

/// With a key that was listed before, as between choosing and signing.
fn sign(token: &mut dyn Token, key: &KeyHandle) -> Result<()> {
    let digest = [7; 32];
    token
        .login_for(key, &Pin::new(PIN)?)?
        .sign(key, SignatureAlgorithm::Rs256, &digest)?;
    Ok(())
}

fn signing_key(card: Card) -> Result<KeyHandle> {
    let (mut token, _) = open(card)?;
    token
        .certificates()?
        .into_iter()
        .find_map(|certificate| certificate.key)
        .context("the token has no key")
}

/// A token with a card of its own that counts what is sent to it.
fn open(card: Card) -> Result<(Box<dyn Token>, Count)> {
    let atr = card.atr();
    let (channel, count) = Counting::new(CardChannel(card));
    let token = driver::open(Box::new(channel), "Bench", &atr)?;
    Ok((token, count))
}
