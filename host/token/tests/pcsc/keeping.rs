//! Logins that are kept, and tokens in a pause, beside other programs.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kagibashi_card::channel::{Channel, ChannelError};
use kagibashi_card::reader::Transaction;
use kagibashi_card::status_word::StatusWord;
use kagibashi_card_simulator::personalise::{Request, company};
use kagibashi_card_simulator::{Settings, vpcd};
use kagibashi_token::{
    Cancel, KeptLogin, KeyHandle, ReaderState, SignatureAlgorithm, Token, TokenError, TokenKind,
    Tokens,
};

use crate::daemon::{READER, in_another_process, pin, token_in, wait_for, with_daemon};
use crate::other_program::{OtherProgram, look_with_own_session};

const TOKEN: ReaderState = ReaderState::Token {
    kind: TokenKind::Epass2003,
};

fn open() -> Box<dyn Token> {
    Tokens::connect()
        .unwrap()
        .open(READER, &Cancel::new())
        .unwrap()
}

/// A login that has signed once, and its key.
fn kept_login() -> (KeptLogin, KeyHandle) {
    let mut token = open();
    let key = token.certificates().unwrap()[0].key.clone().unwrap();
    token.pause();
    let mut login = token.log_in(&pin()).unwrap();
    sign(&mut login, &key).unwrap();
    (login, key)
}

fn sign(login: &mut KeptLogin, key: &KeyHandle) -> Result<Vec<u8>, TokenError> {
    login.sign(key, SignatureAlgorithm::Ps256, &[7; 32])
}

fn assert_stolen(outcome: &Result<Vec<u8>, TokenError>) {
    assert!(
        matches!(outcome, Err(TokenError::SessionStolen)),
        "{outcome:?}"
    );
}

fn tries_left() -> Option<u8> {
    open().pin_status().unwrap().tries_left
}

/// What a line for the shell says; it must succeed.
fn run(line: &str) -> String {
    let output = Command::new("sh").args(["-ec", line]).output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {complaints}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn others_can_use_the_card_and_find_no_login() {
    with_daemon(
        "keeping::others_can_use_the_card_and_find_no_login",
        |address| {
            let _reader = token_in(address);
            let (mut login, key) = kept_login();
            // Who only looks at what a card is does no harm.
            let mut other = OtherProgram::connect();
            assert!(!other.finds_a_reset());
            for _ in 0..3 {
                sign(&mut login, &key).unwrap();
            }
            let (tries, use_of_key) = look_with_own_session();
            assert_eq!(tries, StatusWord::TriesLeft(10));
            assert_eq!(use_of_key, StatusWord::SecurityStatusNotSatisfied);
            assert_stolen(&sign(&mut login, &key));
            drop(login);
            assert!(!other.finds_a_reset(), "it was over before");
            assert_eq!(tries_left(), Some(10));
        },
    );
}

#[test]
fn opensc_beside_a_kept_login() {
    with_daemon("keeping::opensc_beside_a_kept_login", |address| {
        let _reader = token_in(address);
        for line in [
            "pkcs15-tool --list-certificates",
            "pkcs11-tool --list-objects --type cert",
        ] {
            let (mut login, key) = kept_login();
            let listed = run(line).to_lowercase();
            assert!(listed.matches("cert").count() >= 3, "{line}: {listed}");
            assert_stolen(&sign(&mut login, &key));
            assert_eq!(tries_left(), Some(10), "{line}");
        }
        // What it does with a PIN works as well, and without one it gets no signature.
        let (mut login, key) = kept_login();
        let signing = "head -c 32 /dev/zero | pkcs11-tool --sign --mechanism RSA-PKCS";
        let signed = Command::new("sh")
            .args(["-c", &format!("{signing} --output-file /dev/null")])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(!signed.status.success(), "{signed:?}");
        run(&format!(
            "{signing} --login --pin 12345678 --output-file /dev/null"
        ));
        assert_stolen(&sign(&mut login, &key));
        drop(login);
        // And we after it.
        kept_login();
        assert_eq!(tries_left(), Some(10));
    });
}

#[test]
fn a_card_reset_or_pulled_between_two_signatures() {
    with_daemon(
        "keeping::a_card_reset_or_pulled_between_two_signatures",
        |address| {
            let mut reader = token_in(address);
            let tokens = Tokens::connect().unwrap();
            let (mut login, key) = kept_login();
            OtherProgram::connect().reset();
            for _ in 0..2 {
                assert_stolen(&sign(&mut login, &key));
            }
            drop(login);

            let (mut login, key) = kept_login();
            let mut paused = open();
            paused.pause();
            reader.remove();
            wait_for(&tokens, &ReaderState::Empty);
            for back in [false, true] {
                if back {
                    reader.insert().unwrap();
                    wait_for(&tokens, &TOKEN);
                }
                let signed = sign(&mut login, &key);
                assert!(matches!(signed, Err(TokenError::CardRemoved)), "{signed:?}");
                let asked = paused.pin_status();
                assert!(matches!(asked, Err(TokenError::CardRemoved)), "{asked:?}");
            }
            let started = Instant::now();
            drop((login, paused));
            assert!(started.elapsed() < Duration::from_secs(1));
            assert_eq!(tries_left(), Some(10));
        },
    );
}

/// Pulled, another one inserted, and that reset: PC/SC tells us of the reset alone.
#[test]
fn a_token_exchanged_in_a_pause() {
    with_daemon("keeping::a_token_exchanged_in_a_pause", |address| {
        let mut reader = token_in(address);
        let tokens = Tokens::connect().unwrap();
        let (login, key) = kept_login();
        drop(login);
        let mut token = open();
        token.check_holds(&key).unwrap();
        token.pause();
        reader.remove();
        wait_for(&tokens, &ReaderState::Empty);
        let settings = Settings {
            serial: [9; 8],
            ..Settings::default()
        };
        let other = company(&Request {
            settings,
            ..Request::default()
        });
        let mut reader = vpcd::Reader::new(address, Arc::new(Mutex::new(other.card)));
        reader.insert().unwrap();
        wait_for(&tokens, &TOKEN);
        OtherProgram::connect().reset();
        let refused = token.login_for(&key, &pin()).map(drop);
        assert!(
            matches!(refused, Err(TokenError::CardRemoved)),
            "{refused:?}"
        );
        drop(token);
        assert_eq!(tries_left(), Some(10));
    });
}

#[test]
fn dropping_a_kept_login_resets_the_card() {
    with_daemon(
        "keeping::dropping_a_kept_login_resets_the_card",
        |address| {
            let _reader = token_in(address);
            let (login, _) = kept_login();
            let mut other = OtherProgram::connect();
            drop(login);
            assert!(other.finds_a_reset());

            // Who is in the middle of something is not disturbed, and not waited for either.
            let (login, _) = kept_login();
            let mut other = OtherProgram::connect();
            let held = other.card.transaction().unwrap();
            let started = Instant::now();
            drop(login);
            let waited = started.elapsed();
            assert!(waited < Duration::from_secs(5), "{waited:?}");
            let mut buffer = [0; 300];
            held.transmit(&[0x00, 0xCA, 0x01, 0x86, 0x00], &mut buffer)
                .unwrap();
            drop(held);
            let deadline = Instant::now() + Duration::from_secs(10);
            while !other.finds_a_reset() {
                assert!(Instant::now() < deadline, "the login was left open");
                std::thread::sleep(Duration::from_millis(50));
            }

            let mut token = open();
            token.certificates().unwrap();
            token.pause();
            let mut other = OtherProgram::connect();
            let held = other.card.transaction().unwrap();
            let started = Instant::now();
            drop(token);
            assert!(started.elapsed() < Duration::from_secs(1), "nothing to do");
            drop(held);
            assert!(!other.finds_a_reset(), "nobody had logged in");
        },
    );
}

#[test]
fn a_paused_card_that_another_program_holds() {
    with_daemon(
        "keeping::a_paused_card_that_another_program_holds",
        |address| {
            let _reader = token_in(address);
            let mut other = OtherProgram::connect();
            let command = [0x00, 0xCA, 0x01, 0x86, 0x00];
            let wait = Duration::from_millis(300);
            let mut channel = Transaction::begin_within(READER, &Cancel::new(), wait).unwrap();
            channel.transmit(&command).unwrap();
            for _ in 0..2 {
                channel.pause();
                let held = other.card.transaction().unwrap();
                for _ in 0..2 {
                    let Err(ChannelError::Busy { waited }) = channel.transmit(&command) else {
                        panic!()
                    };
                    assert!(waited >= wait && waited < 10 * wait, "{waited:?}");
                }
                drop(held);
                // Who has given up does not come into possession of the card after all.
                drop(other.card.transaction().unwrap());
                channel.transmit(&command).unwrap();
            }

            let cancel = Cancel::new();
            let tokens = Tokens::connect().unwrap();
            channel.pause();
            let mut token = tokens.open(READER, &cancel).unwrap();
            token.pause();
            let held = other.card.transaction().unwrap();
            let canceller = cancel.clone();
            let waiting = std::thread::spawn(move || token.pin_status().map(drop));
            std::thread::sleep(Duration::from_millis(200));
            canceller.cancel();
            let started = Instant::now();
            let asked = waiting.join().unwrap();
            assert!(matches!(asked, Err(TokenError::Cancelled)), "{asked:?}");
            // It waits for the thread that waits for the card, but not for long.
            assert!(started.elapsed() < Duration::from_secs(5));
            drop(held);
            drop(open());
        },
    );
}

/// Another process with a login of its own, which signs whenever it is told to.
struct OtherProcess {
    child: Child,
    outcomes: BufReader<std::process::ChildStdout>,
}

const OTHER_PROCESS_VARIABLE: &str = "KAGIBASHI_TEST_OTHER_PROCESS";
const OUTCOME: &str = "outcome: ";

impl OtherProcess {
    fn start(test: &str) -> Self {
        let mut child = in_another_process(test)
            .env(OTHER_PROCESS_VARIABLE, "yes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let outcomes = BufReader::new(child.stdout.take().unwrap());
        let mut process = Self { child, outcomes };
        assert_eq!(process.outcome(), "signed");
        process
    }

    fn outcome(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.outcomes.read_line(&mut line).unwrap(), 0, "it ended");
            if let Some((_, outcome)) = line.trim_end().split_once(OUTCOME) {
                return outcome.to_owned();
            }
        }
    }

    fn sign(&mut self) -> String {
        writeln!(self.child.stdin.as_mut().unwrap()).unwrap();
        self.outcome()
    }

    fn run() {
        let (mut login, key) = kept_login();
        let tell = |outcome: &str| {
            let line = format!("{OUTCOME}{outcome}\n");
            std::io::stdout().write_all(line.as_bytes()).unwrap();
        };
        tell("signed");
        for line in std::io::stdin().lines() {
            line.unwrap();
            match sign(&mut login, &key) {
                Ok(_) => tell("signed"),
                Err(error) => tell(&error.to_string()),
            }
        }
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        // It ends with its stdin.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The later login ends the earlier, and when that notices, the card ends the later, too: nobody
/// signs with a login that another program took over, and no PIN is spent.
#[test]
fn logins_of_two_processes() {
    const NAME: &str = "keeping::logins_of_two_processes";
    with_daemon(NAME, |address| {
        if std::env::var(OTHER_PROCESS_VARIABLE).is_ok() {
            return OtherProcess::run();
        }
        let _reader = token_in(address);
        let stolen = TokenError::SessionStolen.to_string();
        let (mut login, key) = kept_login();
        let mut other = OtherProcess::start(NAME);
        assert_eq!(other.sign(), "signed");
        assert_stolen(&sign(&mut login, &key));
        assert_eq!(other.sign(), stolen);
        assert_stolen(&sign(&mut login, &key));
        drop(other);

        // Once it is known that the login has ended, dropping it is of no consequence.
        let mut other = OtherProcess::start(NAME);
        drop(login);
        assert_eq!(other.sign(), "signed");
        let (mut login, key) = kept_login();
        assert_eq!(other.sign(), stolen);
        drop(other);
        assert_stolen(&sign(&mut login, &key));
        assert_eq!(tries_left(), Some(10));

        // A process that is killed leaves no login to others.
        let mut other = OtherProcess::start(NAME);
        other.child.kill().unwrap();
        drop(other);
        let (tries, use_of_key) = look_with_own_session();
        assert_eq!(tries, StatusWord::TriesLeft(10));
        assert_eq!(use_of_key, StatusWord::SecurityStatusNotSatisfied);
    });
}
