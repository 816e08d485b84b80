//! A software card as a channel, in process.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use kagibashi_card::apdu::Command;
use kagibashi_card::channel::{Channel, ChannelError, Count, Counting};
use kagibashi_card::scp01::{Mode as Protection, StaticKeys};
use kagibashi_card::secure_messaging::SecureMessaging;
use kagibashi_card::status_word::StatusWord;
use kagibashi_card_simulator::card::Outcome;
use kagibashi_card_simulator::faults::Fault;
use kagibashi_card_simulator::personalise::{self, Attributes, Layout, Request};
use kagibashi_card_simulator::{Card, Mode, Settings};
use kagibashi_token::{Pin, Token, TokenError, TokenInfo, driver};

pub const PIN: &str = "12345678";

pub const MODES: [Mode; 3] = [Mode::Aes, Mode::Cmac, Mode::TripleDes];

/// A card in a reader of its own, into which tests can look while a token has it open.
#[derive(Clone)]
pub struct Reader {
    state: Arc<Mutex<State>>,
}

struct State {
    card: Card,
    removed: bool,
    pins_received: usize,
    resets: usize,
    /// How many channels hold the card.
    holders: usize,
    held_by_another: bool,
    /// Resets by other programs.
    foreign_resets: usize,
}

impl Reader {
    pub fn with(card: Card) -> Self {
        let state = State {
            card,
            removed: false,
            pins_received: 0,
            resets: 0,
            holders: 0,
            held_by_another: false,
            foreign_resets: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A reader with a card of its own, the same as the one here.
    pub fn with_copy(&self) -> Self {
        Self::with(self.state().card.clone())
    }

    pub fn open(&self) -> Result<Box<dyn Token>, TokenError> {
        let atr = self.state().card.atr();
        driver::open(Box::new(self.clone().channel()), "Simulated Reader 0", &atr)
    }

    /// The same, counting commands.
    pub fn open_counted(&self) -> (Box<dyn Token>, Count) {
        let atr = self.state().card.atr();
        let (channel, count) = Counting::new(self.clone().channel());
        let token = driver::open(Box::new(channel), "Simulated Reader 0", &atr).unwrap();
        (token, count)
    }

    pub fn atr(&self) -> Vec<u8> {
        self.state().card.atr()
    }

    /// A token that is known from before.
    pub fn open_again(&self, known: &TokenInfo) -> Result<(Box<dyn Token>, Count), TokenError> {
        let atr = self.state().card.atr();
        let (channel, count) = Counting::new(self.clone().channel());
        let token = driver::open_again(Box::new(channel), &atr, known)?;
        Ok((token, count))
    }

    pub fn channel(self) -> CardChannel {
        let mut state = self.state();
        state.removed = false;
        state.holders += 1;
        let resets_seen = state.foreign_resets;
        drop(state);
        CardChannel {
            reader: self,
            reset_at_end: false,
            held: true,
            resets_seen,
        }
    }

    /// What another program does that resets the card.
    pub fn reset_by_another(&self) {
        let mut state = self.state();
        state.card.reset();
        state.foreign_resets += 1;
    }

    /// What happens when a card is exchanged and another program powers the new one up.
    pub fn exchange_card(&self, card: Card) {
        self.state().card = card;
        self.reset_by_another();
    }

    /// Another program holds the card, and whoever wants it waits for nothing.
    pub fn hold_by_another(&self, held: bool) {
        self.state().held_by_another = held;
    }

    /// A command of another program in the clear.
    pub fn transmit_by_another(&self, command: &[u8]) -> Vec<u8> {
        self.state().card.transmit(command)
    }

    /// Whether one of our channels keeps others from the card.
    pub fn is_held(&self) -> bool {
        self.state().holders > 0
    }

    /// Plans trouble for one of the next commands; 1 is the very next.
    pub fn plan(&self, command: u64, fault: Fault) {
        self.state().card.faults.plan(command, fault);
    }

    pub fn clear_faults(&self) {
        self.state().card.faults.clear();
    }

    /// How many commands the card has received since it was made.
    pub fn commands(&self) -> u64 {
        self.state().card.commands()
    }

    /// How many times a PIN was sent, right or wrong.
    pub fn pins_received(&self) -> usize {
        self.state().pins_received
    }

    pub fn resets(&self) -> usize {
        self.state().resets
    }
}

/// A transaction with the card.
pub struct CardChannel {
    reader: Reader,
    reset_at_end: bool,
    held: bool,
    resets_seen: usize,
}

impl Channel for CardChannel {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.resume()?;
        let mut state = self.reader.state();
        if state.removed {
            return Err(ChannelError::Removed);
        }
        if self.resets_seen < state.foreign_resets {
            self.resets_seen = state.foreign_resets;
            self.reset_at_end = false;
            return Err(ChannelError::WasReset);
        }
        // A wrapped EXTERNAL AUTHENTICATE with data; the question for the tries left has none.
        let is_pin = matches!(command, [0x0C, 0x82, 0x01, _, length, 0x87, ..] if *length > 0x0A);
        let outcome = state.card.exchange(command);
        if is_pin {
            state.pins_received += 1;
        }
        match outcome {
            Outcome::Answer(answer) => Ok(answer),
            Outcome::Mute => Err(ChannelError::Mute),
            Outcome::Removed => {
                state.removed = true;
                state.card.reset();
                Err(ChannelError::Removed)
            }
        }
    }

    fn reset(&mut self) -> Result<(), ChannelError> {
        let mut state = self.reader.state();
        state.card.reset();
        state.resets += 1;
        self.reset_at_end = false;
        Ok(())
    }

    fn reset_at_end(&mut self) {
        self.reset_at_end = true;
    }

    fn leave_at_end(&mut self) {
        self.reset_at_end = false;
    }

    fn pause(&mut self) {
        if std::mem::take(&mut self.held) {
            self.reader.state().holders -= 1;
        }
    }

    fn resume(&mut self) -> Result<(), ChannelError> {
        let mut state = self.reader.state();
        if state.held_by_another {
            return Err(ChannelError::Busy {
                waited: Duration::ZERO,
            });
        }
        if !std::mem::replace(&mut self.held, true) {
            state.holders += 1;
        }
        Ok(())
    }
}

impl Drop for CardChannel {
    fn drop(&mut self) {
        self.pause();
        if self.reset_at_end {
            let mut state = self.reader.state();
            state.card.reset();
            state.resets += 1;
        }
    }
}

pub fn settings(mode: Mode) -> Settings {
    Settings {
        mode,
        ..Settings::default()
    }
}

/// Tokens for each mode. Their keys take seconds to make, so they are made once for all tests.
type Issued = [OnceLock<personalise::Token>; 3];

fn issue(issued: &Issued, settings: Settings) -> personalise::Token {
    let mode = settings.mode;
    let make = || {
        personalise::company(&Request {
            settings,
            ..Request::default()
        })
    };
    issued[mode as usize].get_or_init(make).clone()
}

/// A company's token.
pub fn company(mode: Mode) -> personalise::Token {
    static ISSUED: Issued = [const { OnceLock::new() }; 3];
    issue(&ISSUED, settings(mode))
}

/// The token of another company.
pub fn other_company(mode: Mode) -> personalise::Token {
    static ISSUED: Issued = [const { OnceLock::new() }; 3];
    let settings = Settings {
        serial: [9; 8],
        ..settings(mode)
    };
    issue(&ISSUED, settings)
}

/// A company's token in the layout of the maker's own software.
pub fn espk(mode: Mode, attributes: Attributes) -> personalise::Token {
    static ISSUED: Issued = [const { OnceLock::new() }; 3];
    let make = || {
        personalise::company(&Request {
            layout: Layout::Espk(attributes),
            ..Request::default()
        })
    };
    let issued = ISSUED[attributes as usize].get_or_init(make).clone();
    personalise::Token {
        card: issued.card.remade(|settings| settings.mode = mode),
        ..issued
    }
}

pub fn pin(typed: &str) -> Pin {
    Pin::new(typed).unwrap()
}

/// The card as a program sees it that writes to files, in the directory of PKCS#15.
pub fn application(reader: &Reader) -> SecureMessaging<CardChannel> {
    directory(reader, 0x5015)
}

/// The same in another directory.
pub fn directory(reader: &Reader, directory: u16) -> SecureMessaging<CardChannel> {
    let mut card = SecureMessaging::new(
        reader.clone().channel(),
        Protection::Aes,
        StaticKeys::TRANSPORT,
    );
    card.renew().unwrap();
    for file in [0x3F00, directory] {
        select(&mut card, file);
    }
    card
}

pub fn select(card: &mut SecureMessaging<CardChannel>, file: u16) {
    demand(
        card,
        &Command::new(0x00, 0xA4, 0x00, 0x00)
            .with_data(&file.to_be_bytes())
            .expecting(0),
    );
}

/// Overwrites the beginning of a file that anybody may write to.
pub fn overwrite(card: &mut SecureMessaging<CardChannel>, file: u16, bytes: &[u8]) {
    select(card, file);
    demand(card, &Command::new(0x00, 0xD6, 0x00, 0x00).with_data(bytes));
}

pub fn demand(card: &mut SecureMessaging<CardChannel>, command: &Command) {
    assert_eq!(
        card.transmit(command).unwrap().status,
        StatusWord::Success,
        "{command:?}"
    );
}
