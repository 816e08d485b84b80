//! What readers there are and what comes and goes in them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use kagibashi_card::channel::ChannelError;
use kagibashi_card::reader::Transaction;
use kagibashi_card_simulator::pcscd::SOCKET_VARIABLE;
use kagibashi_token::{Cancel, Event, ReaderState, TokenError, Tokens};

use crate::daemon::{
    READER, READER_VARIABLE, assert_passed, in_another_process, pin, state, token_in, wait_for,
    with_daemon,
};

#[test]
fn without_a_daemon() {
    if std::env::var(READER_VARIABLE).is_err() {
        let output = in_another_process("readers::without_a_daemon")
            .env(SOCKET_VARIABLE, "/nonexistent/pcscd.comm")
            .env(READER_VARIABLE, "")
            .output()
            .unwrap();
        assert_passed(&output, "");
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
    with_daemon("readers::tokens_come_and_go", |address| {
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
                    Err(error) => return (error, processor_time()),
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
        let (error, spent) = watcher.join().unwrap();
        assert!(matches!(error, TokenError::Cancelled));
        assert!(spent < Duration::from_millis(100), "{spent:?} for waiting");
        stop.stop();
    });
}

#[test]
fn a_card_that_no_driver_knows() {
    with_daemon("readers::a_card_that_no_driver_knows", |address| {
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

/// What this thread has used so far.
fn processor_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = statistics.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanoseconds)
}
