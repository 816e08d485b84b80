//! Tokens in readers of a real PC/SC daemon.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::ffi::CString;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use kagibashi_card::channel::{Channel, ChannelError};
use kagibashi_card::reader::Transaction;
use kagibashi_card_simulator::faults::Fault;
use kagibashi_card_simulator::pcscd::{PrivatePcscd, SOCKET_VARIABLE};
use kagibashi_card_simulator::personalise::{Request, company};
use kagibashi_card_simulator::vpcd;
use kagibashi_card_simulator::{Card, Settings};
use kagibashi_token::{
    Cancel, Event, Pin, ReaderState, SignatureAlgorithm, TokenError, TokenKind, Tokens,
};

/// Where the virtual reader of a test's daemon listens.
const READER_VARIABLE: &str = "KAGIBASHI_TEST_READER";

const READER: &str = "Feitian ePass2003 00 00";

/// Runs a test with a daemon of its own. It does so in another process, for PC/SC looks only once
/// where its daemon is.
fn with_daemon(test: &str, body: impl FnOnce(&str)) {
    if let Ok(address) = std::env::var(READER_VARIABLE) {
        return body(&address);
    }
    let daemon = PrivatePcscd::start().unwrap();
    assert_eq!(daemon.reader_name(), READER);
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(SOCKET_VARIABLE, daemon.socket())
        .env(READER_VARIABLE, daemon.address())
        .status()
        .unwrap();
    assert!(status.success(), "{}", daemon.log());
}

fn token_in(address: &str) -> vpcd::Reader {
    let card = company(&Request::default()).card;
    let mut reader = vpcd::Reader::new(address, Arc::new(Mutex::new(card)));
    reader.insert().unwrap();
    wait_for(
        &Tokens::connect().unwrap(),
        &ReaderState::Token {
            kind: TokenKind::Epass2003,
        },
    );
    reader
}

fn state(tokens: &Tokens) -> ReaderState {
    let readers = tokens.readers().unwrap();
    readers
        .into_iter()
        .find(|reader| reader.name == READER)
        .unwrap()
        .state
}

fn wait_for(tokens: &Tokens, expected: &ReaderState) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while state(tokens) != *expected {
        assert!(
            Instant::now() < deadline,
            "{:?} instead of {expected:?}",
            state(tokens)
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn pin() -> Pin {
    Pin::new("12345678").unwrap()
}

#[test]
fn without_a_daemon() {
    if std::env::var(READER_VARIABLE).is_err() {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "without_a_daemon", "--nocapture"])
            .env(SOCKET_VARIABLE, "/nonexistent/pcscd.comm")
            .env(READER_VARIABLE, "")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    assert!(matches!(
        Tokens::connect().err(),
        Some(TokenError::ServiceUnavailable)
    ));
    let begun = Transaction::begin(READER, &Cancel::new());
    assert!(matches!(
        begun.err(),
        Some(ChannelError::ServiceUnavailable)
    ));
}

#[test]
fn tokens_come_and_go() {
    with_daemon("tokens_come_and_go", |address| {
        let tokens = Tokens::connect().unwrap();
        assert_eq!(state(&tokens), ReaderState::Empty);
        assert!(matches!(
            tokens.open(READER, &Cancel::new()).err(),
            Some(TokenError::NoCard)
        ));
        let nowhere = tokens.open("Reader of nobody 00 00", &Cancel::new());
        assert!(matches!(
            nowhere.err(),
            Some(TokenError::NoSuchReader { .. })
        ));

        let mut watch = tokens.watch().unwrap();
        let (sender, events) = mpsc::channel();
        let stop = watch.stop_handle();
        let watcher = std::thread::spawn(move || {
            loop {
                match watch.wait() {
                    Ok(happened) => happened
                        .into_iter()
                        .for_each(|event| sender.send(event).unwrap()),
                    Err(error) => return error,
                }
            }
        });
        let next = || events.recv_timeout(Duration::from_secs(10)).unwrap();

        let mut reader = token_in(address);
        let Event::Inserted(inserted) = next() else {
            panic!()
        };
        assert_eq!(
            (inserted.name.as_str(), inserted.state.is_token()),
            (READER, true)
        );
        reader.remove();
        assert_eq!(
            next(),
            Event::Removed {
                reader: READER.to_owned()
            }
        );
        wait_for(&tokens, &ReaderState::Empty);
        reader.insert().unwrap();
        assert!(matches!(next(), Event::Inserted(_)));

        // Using the token is no event.
        let mut token = tokens.open(READER, &Cancel::new()).unwrap();
        token.verify_pin(&pin()).unwrap();
        drop(token);
        assert!(events.recv_timeout(Duration::from_millis(500)).is_err());

        stop.stop();
        assert!(matches!(watcher.join().unwrap(), TokenError::Cancelled));
        stop.stop();
    });
}

#[test]
fn a_card_that_no_driver_knows() {
    with_daemon("a_card_that_no_driver_knows", |address| {
        let atr = [0x3B, 0x00];
        let mut stream = TcpStream::connect(address).unwrap();
        std::thread::spawn(move || {
            loop {
                let mut length = [0; 2];
                if stream.read_exact(&mut length).is_err() {
                    return;
                }
                let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut message).unwrap();
                // Of the messages about power only the question for the ATR wants an answer.
                let answer = match message[..] {
                    [4] => atr,
                    [_] => continue,
                    _ => [0x6D, 0x00],
                };
                stream.write_all(&[&[0, 2][..], &answer].concat()).unwrap();
            }
        });
        let tokens = Tokens::connect().unwrap();
        wait_for(&tokens, &ReaderState::Unsupported { atr: atr.to_vec() });
        let opened = tokens.open(READER, &Cancel::new()).err();
        let Some(TokenError::CardUnsupported { atr: found }) = opened else {
            panic!("{opened:?}")
        };
        assert_eq!(found, atr);
    });
}

/// What another program has in hand that connected before us and uses the card after us.
struct OtherProgram {
    card: pcsc::Card,
}

impl OtherProgram {
    fn connect() -> Self {
        let context = pcsc::Context::establish(pcsc::Scope::User).unwrap();
        let name = CString::new(READER).unwrap();
        let card = context
            .connect(&name, pcsc::ShareMode::Shared, pcsc::Protocols::ANY)
            .unwrap();
        Self { card }
    }

    /// Whether the card was reset since this program last looked.
    fn finds_a_reset(&mut self) -> bool {
        let mut buffer = [0; 300];
        match self
            .card
            .transmit(&[0x00, 0xCA, 0x01, 0x86, 0x00], &mut buffer)
        {
            Ok(_) => false,
            Err(pcsc::Error::ResetCard) => true,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn the_card_is_left_without_login() {
    with_daemon("the_card_is_left_without_login", |address| {
        let _reader = token_in(address);
        let tokens = Tokens::connect().unwrap();
        let mut other = OtherProgram::connect();

        let mut token = tokens.open(READER, &Cancel::new()).unwrap();
        let key = token.certificates().unwrap()[0].key.clone().unwrap();
        drop(token);
        assert!(!other.finds_a_reset(), "nobody logged in");

        let mut token = tokens.open(READER, &Cancel::new()).unwrap();
        let mut logged_in = token.login_for(&key, &pin()).unwrap();
        let signature = logged_in
            .sign(&key, SignatureAlgorithm::Ps256, &[7; 32])
            .unwrap();
        assert_eq!(signature.len(), 256);
        drop(token);
        assert!(other.finds_a_reset());
        drop(other);

        // A panic in the middle is no exception.
        let mut other = OtherProgram::connect();
        let panicked = std::thread::spawn(move || {
            let mut token = tokens.open(READER, &Cancel::new()).unwrap();
            let _logged_in = token.login_for(&key, &pin()).unwrap();
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        assert!(other.finds_a_reset());
    });
}

#[test]
fn a_card_that_another_program_holds() {
    with_daemon("a_card_that_another_program_holds", |address| {
        let _reader = token_in(address);
        let begin = |wait| Transaction::begin_within(READER, &Cancel::new(), wait);
        let mut other = OtherProgram::connect();

        let held = other.card.transaction().unwrap();
        let wait = Duration::from_millis(300);
        let Err(ChannelError::Busy { waited }) = begin(wait) else {
            panic!()
        };
        assert!(waited >= wait && waited < 10 * wait, "{waited:?}");
        let cancel = Cancel::new();
        let canceller = cancel.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            canceller.cancel();
        });
        let opened = Tokens::connect().unwrap().open(READER, &cancel).err();
        assert!(matches!(opened, Some(TokenError::Cancelled)), "{opened:?}");

        // Once it lets go we get the card, and those who gave up do not have it.
        let waiting = std::thread::spawn(|| {
            Tokens::connect()
                .unwrap()
                .open(READER, &Cancel::new())
                .map(drop)
        });
        std::thread::sleep(Duration::from_millis(200));
        drop(held);
        waiting.join().unwrap().unwrap();
        drop(begin(Duration::from_secs(5)).unwrap());
        drop(other);

        let context = pcsc::Context::establish(pcsc::Scope::User).unwrap();
        let name = CString::new(READER).unwrap();
        let alone = || context.connect(&name, pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY);
        // Those who gave up find out within moments that they have got it, and let go.
        let deadline = Instant::now() + Duration::from_secs(10);
        let exclusive = loop {
            match alone() {
                Err(pcsc::Error::SharingViolation) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                connected => break connected.unwrap(),
            }
        };
        assert!(matches!(begin(wait), Err(ChannelError::Busy { .. })));
        drop(exclusive);
        begin(wait).unwrap();
    });
}

#[test]
fn a_token_pulled_while_it_signs() {
    with_daemon("a_token_pulled_while_it_signs", |address| {
        let mut reader = token_in(address);
        let tokens = Tokens::connect().unwrap();
        let mut token = tokens.open(READER, &Cancel::new()).unwrap();
        let key = token.certificates().unwrap()[0].key.clone().unwrap();
        let mut logged_in = token.login_for(&key, &pin()).unwrap();
        reader.card().faults.plan(2, Fault::Remove);
        let signed = logged_in.sign(&key, SignatureAlgorithm::Rs256, &[7; 32]);
        assert!(matches!(signed, Err(TokenError::CardRemoved)), "{signed:?}");
        let again = logged_in.sign(&key, SignatureAlgorithm::Rs256, &[7; 32]);
        assert!(matches!(again, Err(TokenError::CardRemoved)), "{again:?}");
        assert!(matches!(
            token.verify_pin(&pin()),
            Err(TokenError::CardRemoved)
        ));
        drop(token);

        wait_for(&tokens, &ReaderState::Empty);
        reader.insert().unwrap();
        wait_for(
            &tokens,
            &ReaderState::Token {
                kind: TokenKind::Epass2003,
            },
        );
        let mut token = tokens.open(READER, &Cancel::new()).unwrap();
        assert_eq!(token.pin_status().unwrap().tries_left, Some(10));
        let mut logged_in = token.login_for(&key, &pin()).unwrap();
        logged_in
            .sign(&key, SignatureAlgorithm::Rs256, &[7; 32])
            .unwrap();
    });
}

#[test]
fn a_card_that_falls_silent() {
    with_daemon("a_card_that_falls_silent", |address| {
        let reader = token_in(address);
        let longest = Duration::from_millis(300);
        let mut channel = Transaction::begin(READER, &Cancel::new())
            .unwrap()
            .with_longest_answer(longest);
        let command = [0x00, 0xCA, 0x01, 0x86, 0x00];
        assert!(channel.transmit(&command).is_ok());
        reader.card().faults.plan(1, Fault::Mute);
        let started = Instant::now();
        for _ in 0..3 {
            assert!(matches!(
                channel.transmit(&command),
                Err(ChannelError::Mute)
            ));
        }
        drop(channel);
        assert!(
            started.elapsed() < 5 * longest,
            "only the first was waited for"
        );
    });
}

/// The referee wrote the files that we read: two keys with their certificates, the second of them
/// imported after a key that has none.
#[test]
fn a_token_that_opensc_set_up() {
    with_daemon("a_token_that_opensc_set_up", |address| {
        let card = Arc::new(Mutex::new(Card::blank(Settings::default())));
        let mut reader = vpcd::Reader::new(address, card);
        reader.insert().unwrap();
        let tokens = Tokens::connect().unwrap();
        wait_for(
            &tokens,
            &ReaderState::Token {
                kind: TokenKind::Epass2003,
            },
        );
        let folder = tempfile::tempdir().unwrap();
        let run = |line: &str| {
            let output = Command::new("sh")
                .args(["-ec", line])
                .current_dir(folder.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{line}: {said}");
        };
        run(
            "pkcs15-init --create-pkcs15 --profile pkcs15+onepin --use-default-transport-keys \
             --label 鍵橋 --pin 12345678 --puk 87654321",
        );
        for (name, id) in [("first", "a1"), ("second", "b2")] {
            run(&format!(
                "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out {name}.pem \
                 -subj '/C=JP/O=Example/CN={name}' -days 9
                 openssl pkcs12 -export -inkey key.pem -in {name}.pem -passout pass:secret \
                 -out {name}.p12
                 openssl x509 -in {name}.pem -outform DER -out {name}.der
                 pkcs15-init --store-private-key {name}.p12 --format pkcs12 --passphrase secret \
                 --id {id} --auth-id 01 --pin 12345678
                 pkcs15-init --generate-key rsa/1024 --id 0{id} --auth-id 01 --pin 12345678"
            ));
        }

        let mut token = tokens.open(READER, &Cancel::new()).unwrap();
        assert_eq!(token.info().unwrap().label, "鍵橋");
        let certificates = token.certificates().unwrap();
        let ders: Vec<&[u8]> = certificates
            .iter()
            .map(|found| found.der.as_slice())
            .collect();
        let expected = ["first", "second"]
            .map(|name| std::fs::read(folder.path().join(name).with_extension("der")).unwrap());
        assert_eq!(ders, expected);
        let references: Vec<u16> = certificates
            .iter()
            .map(|found| found.key.as_ref().unwrap().reference)
            .collect();
        assert_eq!(references, [0x2900, 0x2940]);
        let status = token.pin_status().unwrap();
        assert_eq!((status.tries_left, status.maximum), (Some(6), Some(6)));
        let mut logged_in = token.login(&pin()).unwrap();
        for certificate in &certificates {
            let key = certificate.key.as_ref().unwrap();
            logged_in
                .sign(key, SignatureAlgorithm::Ps512, &[7; 64])
                .unwrap();
        }
        token
            .change_pin(&pin(), &Pin::new("new PIN").unwrap())
            .unwrap();
        drop(token);
        run("pkcs15-tool --verify-pin --pin 'new PIN'");
    });
}
