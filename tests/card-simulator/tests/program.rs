//! The program `kagibashi-card-simulator`, seen by a virtual reader that this test plays.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod host;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use host::{Host, Terminal};
use kagibashi_card_simulator::{Mode, state_file};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kagibashi-card-simulator");

/// File 5015/9F00: two bytes that everyone may write.
const SCRATCH: [u16; 3] = [0x3F00, 0x5015, 0x9F00];

/// A reader with a card in it, as vpcd sees it.
struct Slot(TcpStream);

impl Slot {
    /// Takes a card in and asks for its ATR, as pcscd does.
    fn accept(listener: &TcpListener) -> Slot {
        let mut slot = Slot(listener.accept().unwrap().0);
        slot.0.set_nodelay(true).unwrap();
        slot.send(&[4]).unwrap();
        assert_eq!(slot.receive().unwrap().len(), 23);
        slot.send(&[1]).unwrap();
        slot
    }

    fn send(&mut self, message: &[u8]) -> std::io::Result<()> {
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length, message].concat())
    }

    fn receive(&mut self) -> std::io::Result<Vec<u8>> {
        let mut length = [0; 2];
        self.0.read_exact(&mut length)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.0.read_exact(&mut message)?;
        Ok(message)
    }
}

impl Terminal for Slot {
    /// Empty once the card is gone.
    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.send(command)
            .and_then(|()| self.receive())
            .unwrap_or_default()
    }

    fn mode(&self) -> Mode {
        Mode::Aes
    }
}

/// A running simulator; killed when dropped.
struct Simulator {
    process: Child,
    lines: BufReader<ChildStdout>,
}

impl Simulator {
    fn start(state: &Path, listener: &TcpListener, more: &[&str]) -> (Simulator, Slot) {
        let mut process = Command::new(PROGRAM)
            .args(["run", "--state"])
            .arg(state)
            .args(["--vpcd", &listener.local_addr().unwrap().to_string()])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let slot = Slot::accept(listener);
        let lines = BufReader::new(process.stdout.take().unwrap());
        let mut simulator = Simulator { process, lines };
        assert_eq!(simulator.line(), "ready");
        (simulator, slot)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{command}").unwrap();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn make(state: &Path, more: &[&str]) -> bool {
    Command::new(PROGRAM)
        .args(["make", "--kind", "company", "--state"])
        .arg(state)
        .args(more)
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

/// Writes a counter onto the card again and again and kills the program in the middle.
/// The file must hold the last number answered for, or the one after it.
#[test]
fn the_state_survives_a_kill_at_any_moment() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("token");
    assert!(make(&state, &[]));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut written = 0;
    for round in 0..25 {
        let (mut simulator, mut slot) = Simulator::start(&state, &listener, &[]);
        let mut host = Host::connect(&mut slot);
        host.select(&SCRATCH);
        let answered = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_micros(20_000 + 1_713 * round));
                simulator.process.kill().unwrap();
            });
            let mut answered = written;
            while !host
                .send_raw(0x00D6_0000, &u16::to_be_bytes(answered + 1), None)
                .is_empty()
            {
                answered += 1;
            }
            answered
        });
        let mut card = state_file::load(&state).unwrap();
        let mut host = Host::connect(&mut card);
        let found = u16::from_be_bytes(host.read(0x9F00).try_into().unwrap());
        assert!(
            found == answered || found == answered + 1,
            "round {round}: {answered} was answered for, {found} is in the file"
        );
        assert!(found >= written, "round {round}");
        written = found;
    }
    assert!(
        written > 50,
        "{written} writes in all: the kills hit nothing"
    );
}

#[test]
fn a_wrong_pin_is_counted_before_it_is_answered() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("token");
    assert!(make(&state, &["--tries", "4"]));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for left in [3, 2, 1] {
        let (simulator, mut slot) = Simulator::start(&state, &listener, &[]);
        let mut host = Host::connect(&mut slot);
        host.select(&SCRATCH[..2]);
        assert_eq!(host.verify(1, "00000000"), 0x63C0 + left);
        drop(simulator);
    }
}

#[test]
fn commands_on_stdin_move_the_card_and_switch_the_trace() {
    let directory = tempfile::tempdir().unwrap();
    let [state, trace] = ["token", "trace"].map(|name| directory.path().join(name));
    assert!(make(&state, &["--mode", "aes", "--seed", "7"]));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut simulator, mut slot) = Simulator::start(
        &state,
        &listener,
        &["--trace", trace.to_str().unwrap(), "--delay-ms", "150"],
    );

    let mut host = Host::connect(&mut slot);
    host.select(&SCRATCH[..2]);
    assert_eq!(host.verify(1, "12345678"), 0x9000);
    let start = std::time::Instant::now();
    assert_eq!(host.apply_key(0x2900, &[1; 256]).1, 0x9000);
    assert!(start.elapsed() >= Duration::from_millis(150));

    for told in ["trace", "nonsense", "remove"] {
        simulator.tell(told);
    }
    assert_eq!(simulator.line(), "ok");
    assert_eq!(
        simulator.line(),
        "error: the commands are remove, insert, remove-after, trace and quit"
    );
    assert_eq!(simulator.line(), "ok");
    assert!(slot.transmit(&[0; 5]).is_empty(), "the card must be gone");

    simulator.tell("insert");
    let mut slot = Slot::accept(&listener);
    assert_eq!(simulator.line(), "ok");
    // Out and in again: no session, no PIN.
    assert_eq!(slot.transmit(&[0x0C, 0xA4, 0, 0, 0]), [0x69, 0x88]);
    for told in ["remove-after XY", "remove-after D6"] {
        simulator.tell(told);
    }
    assert!(simulator.line().starts_with("error: "));
    assert_eq!(simulator.line(), "ok");
    let mut host = Host::connect(&mut slot);
    host.select(&SCRATCH);
    let heard = host.send_raw(0x00D6_0000, &[7, 9], None);
    assert!(heard.is_empty(), "nobody hears of it");
    let mut card = state_file::load(&state).unwrap();
    assert_eq!(Host::connect(&mut card).read(0x9F00), [7, 9], "it is done");
    simulator.tell("quit");
    assert_eq!(simulator.line(), "ok");
    assert!(simulator.process.wait().unwrap().success());

    let trace = std::fs::read_to_string(trace).unwrap();
    for part in [
        "> 8050000008",
        "  00A40000 data 5015 le 00\n",
        "  002241B8 data 80018481022900\n",
        " 9000\n",
    ] {
        assert!(trace.contains(part), "{part:?} is not in\n{trace}");
    }
    assert!(
        !trace.contains("> 0CA4000000"),
        "the trace was switched off before"
    );
}

#[test]
fn it_goes_on_when_stdin_closes() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("token");
    assert!(make(&state, &[]));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut simulator, mut slot) = Simulator::start(&state, &listener, &[]);
    drop(simulator.process.stdin.take());
    thread::sleep(Duration::from_millis(100));
    assert_eq!(simulator.process.try_wait().unwrap(), None);
    Host::connect(&mut slot);
}

#[test]
fn make_refuses_what_no_token_can_have() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("token");
    for wrong in [
        ["--pin", "123"],
        ["--pin", "12345678901234567"],
        ["--pin", "暗証番号"],
        ["--puk", "1"],
        ["--tries", "0"],
        ["--tries", "16"],
        ["--mode", "des"],
        ["--layout", "espkk"],
        ["--refuse-raw", "6F8"],
        ["--label", "とても長くて入らないトークンの名前"],
    ] {
        assert!(!make(&state, &wrong), "{wrong:?}");
        assert!(!state.exists());
    }
    let certificates = directory.path().join("certificates");
    assert!(make(&state, &["--ca-out", certificates.to_str().unwrap()]));
    for name in ["root.pem", "intermediate.pem", "client-0.pem"] {
        assert!(certificates.join(name).exists(), "{name}");
    }
}

#[test]
fn make_arranges_files_and_refuses_ways_of_signing() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("token");
    let more = "--layout espk --attributes few --mode 3des --refuse-raw 6f83";
    assert!(make(&state, &more.split(' ').collect::<Vec<_>>()));
    let card = state_file::load(&state).unwrap();
    assert_eq!(card.settings().mode, Mode::TripleDes);
    assert_eq!(card.settings().refuses_raw.unwrap().status, 0x6F83);
    assert_eq!(card.settings().refuses_hashing, None);
    assert_eq!(card.atr()[19..22], [0, 0, 0]);
}
