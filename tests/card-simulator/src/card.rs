//! The card: bytes in, bytes out.

mod authentication;
mod content;
mod exchange;
mod files;
mod key;
mod stored;

use crate::access::{AccessByte, SecurityLevel};
use crate::apdu::{Apdu, Le};
use crate::command::{Command, KeyUse};
use crate::faults::{Fault, Faults};
use crate::file::File;
use crate::random::RandomStream;
use crate::secure_messaging::handshake::Handshake;
use crate::secure_messaging::{Session, WRAPPED};
use crate::settings::Settings;
use crate::status_word::StatusWord;

pub use exchange::Exchange;
pub use stored::StoredCardError;

/// An ePass2003 token.
///
/// It serialises to what survives a power cycle; session, security level and
/// selection do not, nor do faults.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredCard", into = "stored::StoredCard")]
pub struct Card {
    settings: Settings,
    random: RandomStream,
    master_file: Option<File>,
    state: State,
    /// Troubles on request.
    pub faults: Faults,
    commands: u64,
    changes: u64,
    last_exchange: Option<Exchange>,
}

/// What ends with the power.
#[derive(Debug, Clone, Default)]
struct State {
    /// Identifiers from the master file (excluded) down to the current directory.
    directory: Vec<u16>,
    /// The current elementary file.
    file: Option<u16>,
    level: SecurityLevel,
    challenge: Option<[u8; 8]>,
    /// The private key that MSE chose, and what for.
    key: Option<(u16, KeyUse)>,
    /// What PSO HASH left to be signed.
    digest: Option<[u8; 32]>,
    handshake: Option<Handshake>,
    session: Option<Session>,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An answer with its status word.
    Answer(Vec<u8>),
    /// Silence.
    Mute,
    /// The card has left the reader.
    Removed,
}

impl Card {
    /// A card as erasing leaves it: no master file.
    pub fn blank(settings: Settings) -> Card {
        Card::with_files(settings, None)
    }

    pub(crate) fn with_files(settings: Settings, master_file: Option<File>) -> Card {
        Card {
            random: RandomStream::new(settings.seed),
            settings,
            master_file,
            state: State::default(),
            faults: Faults::default(),
            commands: 0,
            changes: 0,
            last_exchange: None,
        }
    }

    /// Answers a command; the answer ends with the status word. A mute or removed card
    /// answers no byte at all.
    pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        match self.exchange(command) {
            Outcome::Answer(answer) => answer,
            Outcome::Mute | Outcome::Removed => Vec::new(),
        }
    }

    /// The same, telling silence from removal.
    pub fn exchange(&mut self, command: &[u8]) -> Outcome {
        self.commands += 1;
        self.last_exchange = None;
        let due = self.faults.due();
        if due.contains(&Fault::Remove) {
            return Outcome::Removed;
        }
        self.faults.mute |= due.contains(&Fault::Mute);
        if self.faults.mute {
            return Outcome::Mute;
        }
        if due.contains(&Fault::LoseSession) {
            self.end_session();
        }
        let mut exchange = self.answer(command);
        if due.contains(&Fault::CorruptMac) {
            // The MAC ends just before the status word.
            if let [.., last_of_mac, _, _] = exchange.answer.as_mut_slice() {
                *last_of_mac ^= 0x01;
            }
        }
        if due.contains(&Fault::Truncate) {
            exchange.answer.truncate(1);
        }
        let answer = exchange.answer.clone();
        self.last_exchange = Some(exchange);
        Outcome::Answer(answer)
    }

    /// Power off and on, or a warm reset: session, PIN and selection are gone.
    pub fn reset(&mut self) {
        self.state = State::default();
        self.faults.mute = false;
    }

    /// Answer to reset, 23 bytes.
    pub fn atr(&self) -> Vec<u8> {
        let by_host = self
            .master_file
            .as_ref()
            .and_then(File::as_directory)
            .is_some_and(|directory| !directory.name.is_empty());
        self.settings.atr(by_host)
    }

    /// How it was made.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A card of another make with the same files, out of which it comes powered down. Keys take
    /// long to make, and most of what is tried with a token does not depend on them.
    #[must_use]
    pub fn remade(mut self, change: impl FnOnce(&mut Settings)) -> Card {
        change(&mut self.settings);
        self.reset();
        self
    }

    /// How many commands it has got so far.
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// Grows whenever something changed that must survive a power cycle.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The last command, if it was answered.
    pub fn last_exchange(&self) -> Option<&Exchange> {
        self.last_exchange.as_ref()
    }

    /// Answers one command, and returns all that is to be known about the exchange.
    fn answer(&mut self, bytes: &[u8]) -> Exchange {
        let mut exchange = Exchange {
            command: bytes.to_vec(),
            plain_command: None,
            answer: Vec::new(),
            plain_answer: Vec::new(),
        };
        match Apdu::parse(bytes) {
            Ok(apdu) if apdu.cla & WRAPPED == WRAPPED => self.answer_wrapped(&apdu, &mut exchange),
            Ok(apdu) => self.answer_plain(apdu, &mut exchange),
            Err(status) => exchange.answer = status.to_bytes().to_vec(),
        }
        exchange
    }

    fn answer_plain(&mut self, apdu: Apdu, exchange: &mut Exchange) {
        let outcome = match Command::try_from(&apdu) {
            Ok(command) if command.runs_plain() => self.execute(command),
            _ => Err(StatusWord::CONDITIONS_OF_USE),
        };
        let (data, status) = split(outcome);
        exchange.answer = [data.as_slice(), &status.to_bytes()].concat();
        exchange.plain_command = Some(apdu);
        exchange.plain_answer = data;
    }

    fn answer_wrapped(&mut self, wrapped: &Apdu, exchange: &mut Exchange) {
        let opened = match &mut self.state.session {
            // The answer is protected under the counter of its command, even if the
            // command ends the session: hence the copy.
            Some(session) => session
                .unwrap(wrapped)
                .map(|plain| (plain, session.clone())),
            None => Err(StatusWord::SM_OBJECT_WRONG),
        };
        let (plain, session) = match opened {
            Ok(opened) => opened,
            Err(status) => {
                self.end_session();
                exchange.answer = status.to_bytes().to_vec();
                return;
            }
        };
        let outcome = if wrapped.le.map(Le::number) == Some(plain.le.map_or(0, Le::number)) {
            Command::try_from(&plain).and_then(|command| self.execute(command))
        } else {
            // Le stands twice, inside and outside; a token answered so where they differed.
            Err(StatusWord::BAD_DATA)
        };
        let (data, status) = split(outcome);
        exchange.answer = session.wrap_answer(&data, status);
        exchange.plain_command = Some(plain);
        exchange.plain_answer = data;
    }

    fn execute(&mut self, command: Command) -> Result<Vec<u8>, StatusWord> {
        let nothing = |()| Vec::new();
        match command {
            Command::GetCapabilities => Ok(self.settings.capabilities()),
            Command::GetSerial => Ok(self.settings.serial.to_vec()),
            Command::InitializeUpdate { host_random } => Ok(self.initialize_update(host_random)),
            Command::FinishHandshake { cryptogram, mac } => {
                self.finish_handshake(cryptogram, mac).map(nothing)
            }
            Command::SelectFile { id } => self.select_file(id),
            Command::SelectName { name } => self.select_name(&name),
            Command::CreateFile(file) => self.create_file(file).map(nothing),
            Command::DeleteFile { id } => self.delete_file(id).map(nothing),
            Command::ListFiles => self.list_files(),
            Command::ReadBinary { offset, le } => self.read_binary(offset, le),
            Command::UpdateBinary { offset, data } => {
                self.update_binary(offset, &data).map(nothing)
            }
            Command::ReadRecord { number, le } => self.read_record(number, le),
            Command::AppendRecord { data } => self.append_record(data).map(nothing),
            Command::UpdateRecord { number, data } => self.update_record(number, data).map(nothing),
            Command::GetChallenge { length } => self.get_challenge(length),
            Command::Authenticate { id, response } => self.authenticate(id, response).map(nothing),
            Command::QueryTries { id } => self.query_tries(id).map(nothing),
            Command::Verify { id, password } => self.verify(id, &password).map(nothing),
            Command::InstallSecret(secret) => self.install_secret(secret).map(nothing),
            Command::UpdateSecret {
                kind,
                id,
                tries,
                value,
            } => self.update_secret(kind, id, tries, value).map(nothing),
            Command::WriteKey {
                component,
                id,
                value,
            } => self.write_key(component, id, &value).map(nothing),
            Command::GenerateKey {
                bits,
                private,
                public,
            } => self.generate_key(bits, private, public).map(nothing),
            Command::ReadPublicKey { id } => self.read_public_key(id),
            Command::SetKey { id, usage } => self.set_key(id, usage).map(nothing),
            Command::ApplyKey { block } => self.apply_key(&block),
            Command::Hash(begun) => self.hash(&begun).map(nothing),
            Command::SignHash => self.sign_hash(),
        }
    }

    /// 6982 unless the present security level satisfies `access`. Whatever comes here
    /// came through secure messaging.
    fn permit(&self, access: AccessByte) -> Result<(), StatusWord> {
        if access.allows(self.state.level, true) {
            Ok(())
        } else {
            Err(StatusWord::SECURITY_STATUS)
        }
    }
}

fn split(outcome: Result<Vec<u8>, StatusWord>) -> (Vec<u8>, StatusWord) {
    match outcome {
        Ok(data) => (data, StatusWord::OK),
        Err(status) => (Vec::new(), status),
    }
}
