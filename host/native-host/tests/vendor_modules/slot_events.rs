//! Tokens of modules that come and go without the smart card service: modules
//! tell of them, and some of those must not be asked to.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use kagibashi_card_simulator::pcscd::PrivatePcscd;
use kagibashi_card_simulator::personalise::{self, Request};
use kagibashi_token::driver::pkcs11::Limits;
use kagibashi_token::{Cancel, Event, Modules, Pin, Reader, SignatureAlgorithm, Stop, Tokens};
use tempfile::TempDir;

use crate::beside_own::opensc;
use crate::hostile::compile;
use crate::softhsm::{MODULE, SoftHsm};
use crate::worker::{GENEROUS, LIMITS, module, processes, program, tokens};

const PATIENCE: Duration = Duration::from_secs(30);

/// A module, and a token that is plugged in where nobody else sees it.
struct Desk {
    folder: TempDir,
    modules: Modules,
    limits: Limits,
}

impl Desk {
    fn new(behaviour: &str, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        compile(folder.path(), "vendor.so", &[]);
        fs::write(folder.path().join("behaviour"), behaviour).unwrap();
        let desk = Self {
            folder,
            modules: Modules::none(),
            limits,
        };
        desk.plug_in();
        desk.use_modules(&["Vendor"]);
        desk
    }

    fn use_modules(&self, names: &[&str]) {
        let modules: Vec<_> = names
            .iter()
            .map(|name| module(name, self.library()))
            .collect();
        let program = program(&self.variables());
        self.modules.configure(&program, self.limits, &modules);
    }

    fn variables(&self) -> [(&'static str, PathBuf); 2] {
        [
            ("HOSTILE_BEHAVIOUR", self.folder.path().join("behaviour")),
            ("HOSTILE_TOKEN", self.token()),
        ]
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("vendor.so")
    }

    fn token(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    fn plug_in(&self) {
        fs::write(self.token(), "").unwrap();
    }

    fn pull_out(&self) {
        fs::remove_file(self.token()).unwrap();
    }

    fn tokens(&self) -> Tokens {
        tokens(&self.modules)
    }
}

/// What a watch sees, from a thread of its own.
struct Seen {
    events: Receiver<Vec<Event>>,
    stop: Stop,
}

impl Seen {
    fn by(tokens: &Tokens) -> Self {
        let mut watch = tokens.watch().unwrap();
        let stop = watch.stop_handle();
        let (sender, events) = mpsc::channel();
        thread::spawn(move || {
            while let Ok(events) = watch.wait() {
                if sender.send(events).is_err() {
                    break;
                }
            }
        });
        Self { events, stop }
    }

    /// The next that is not only a look without a change.
    fn next(&self) -> Vec<Event> {
        let start = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(start.elapsed());
            let mut events = self.events.recv_timeout(left).expect("nothing was seen");
            events.retain(|event| *event != Event::EmptyReader);
            if !events.is_empty() {
                return events;
            }
        }
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

fn reader(module: &str) -> String {
    format!("{module}: hostile (0815)")
}

fn came(events: &[Event]) -> String {
    let [Event::Inserted(Reader { name, state })] = events else {
        panic!("{events:?}");
    };
    assert!(state.is_token(), "{state:?}");
    name.clone()
}

fn went(reader: String) -> Vec<Event> {
    vec![Event::Removed { reader }]
}

#[test]
fn a_module_tells_of_its_tokens_and_of_itself_when_it_is_added_and_removed() {
    let desk = Desk::new("well", GENEROUS);
    let tokens = desk.tokens();
    let seen = Seen::by(&tokens);
    for _ in 0..3 {
        desk.pull_out();
        assert_eq!(seen.next(), went(reader("Vendor")));
        desk.plug_in();
        assert_eq!(came(&seen.next()), reader("Vendor"));
    }
    assert_eq!(processes(&desk.library()).len(), 1);

    desk.use_modules(&[]);
    assert_eq!(seen.next(), went(reader("Vendor")));
    desk.use_modules(&["Another"]);
    assert_eq!(came(&seen.next()), reader("Another"));
    desk.pull_out();
    assert_eq!(seen.next(), went(reader("Another")));
}

#[test]
fn a_module_that_fails_while_it_waits_is_asked_no_more_and_works_as_before() {
    for how in [
        "wait-alone",
        "crash-wait",
        "exit-wait",
        "late-crash-wait",
        // Must not be called by two threads, and would abort if it were.
        "one-thread",
        // Does not tell, and stays.
        "hang-wait",
    ] {
        let desk = Desk::new(how, LIMITS);
        let tokens = desk.tokens();
        let seen = Seen::by(&tokens);
        let start = Instant::now();
        let use_it = || {
            let name = tokens.readers().unwrap().pop().expect(how).name;
            assert_eq!(name, reader("Vendor"), "{how}");
            let mut token = tokens.open(&name, &Cancel::new()).unwrap();
            token.verify_pin(&Pin::new("1234").unwrap())
        };
        use_it().unwrap_or_else(|error| panic!("{how}: {error}"));
        if how == "late-crash-wait" {
            desk.pull_out();
            while !processes(&desk.library()).is_empty() {
                assert!(start.elapsed() < PATIENCE, "it did not crash");
                thread::sleep(Duration::from_millis(10));
            }
            desk.plug_in();
            use_it().unwrap();
            // Now nothing makes it crash: it does not wait.
            desk.pull_out();
            assert_eq!(tokens.readers().unwrap(), []);
            desk.plug_in();
        }
        use_it().unwrap();
        assert_eq!(processes(&desk.library()).len(), 1, "{how}");
        drop((seen, desk));
        assert!(start.elapsed() < PATIENCE, "{how}");
    }
}

#[test]
fn nobody_who_does_not_watch_has_a_module_wait() {
    // It would crash.
    let desk = Desk::new("crash-wait", LIMITS);
    let tokens = desk.tokens();
    assert!(tokens.readers().unwrap()[0].state.is_token());
    let process = processes(&desk.library());
    assert!(tokens.readers().unwrap()[0].state.is_token());
    assert_eq!(processes(&desk.library()), process);
}

#[test]
fn opensc_tells_of_a_token_and_signs_while_it_waits_for_the_next() {
    let pcscd = PrivatePcscd::start().unwrap();
    let modules = Modules::none();
    // This process has no service: what it sees, OpenSC has told.
    let program = program(&[("PCSCLITE_CSOCK_NAME", pcscd.socket())]);
    modules.configure(&program, GENEROUS, &[module("OpenSC", opensc())]);
    let tokens = tokens(&modules);
    let seen = Seen::by(&tokens);
    let issued = personalise::company(&Request::default());
    let inserted = pcscd.insert(Arc::new(Mutex::new(issued.card))).unwrap();
    let name = came(&seen.next());

    let mut token = tokens.open(&name, &Cancel::new()).unwrap();
    let certificates = token.certificates().unwrap();
    let key = certificates.iter().find_map(|it| it.key.clone()).unwrap();
    let pin = Pin::new("12345678").unwrap();
    let mut logged_in = token.login_for(&key, &pin).unwrap();
    for _ in 0..3 {
        // Verified before it is given out.
        logged_in
            .sign(&key, SignatureAlgorithm::Rs256, &[7; 32])
            .unwrap();
    }
    drop(token);
    drop(inserted);
    assert_eq!(seen.next(), went(name));
}

/// A worker whose pipes the test holds.
struct Worker {
    process: Child,
    requests: ChildStdin,
    answers: ChildStdout,
}

impl Worker {
    fn of(library: &Path, variables: &[(&str, PathBuf)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_kagibashi"))
            .arg("module-worker")
            .arg(library)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut worker = Self {
            requests: process.stdin.take().unwrap(),
            answers: process.stdout.take().unwrap(),
            process,
        };
        let loaded = worker.hears();
        assert!(loaded.contains("Loaded"), "{loaded}");
        worker
    }

    fn says(&mut self, json: &str) {
        let length = u32::try_from(json.len()).unwrap();
        let frame = [&length.to_le_bytes(), json.as_bytes()].concat();
        self.requests.write_all(&frame).unwrap();
    }

    fn hears(&mut self) -> String {
        let mut length = [0; 4];
        self.answers.read_exact(&mut length).unwrap();
        let mut json = vec![0; u32::from_le_bytes(length) as usize];
        self.answers.read_exact(&mut json).unwrap();
        String::from_utf8(json).unwrap()
    }

    fn watches(&mut self) -> bool {
        self.says(r#"{"number":1,"message":"Watch"}"#);
        match self.hears().as_str() {
            r#"{"number":1,"message":{"Watching":true}}"# => true,
            r#"{"number":1,"message":{"Watching":false}}"# => false,
            other => panic!("{other}"),
        }
    }

    /// The host's end closes; the worker's follows.
    fn ends(self) {
        let Self {
            mut process,
            requests,
            ..
        } = self;
        drop(requests);
        let start = Instant::now();
        while process.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "it goes on");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

const TOLD: &str = r#"{"number":0,"message":"SlotEvent"}"#;

#[test]
fn a_worker_ends_with_its_host_although_its_module_goes_on_waiting() {
    for how in ["well", "endless-wait"] {
        let desk = Desk::new(how, GENEROUS);
        let mut worker = Worker::of(&desk.library(), &desk.variables());
        assert!(worker.watches(), "{how}");
        desk.pull_out();
        assert_eq!(worker.hears(), TOLD, "{how}");
        worker.ends();
    }
}

#[test]
fn modules_tell_or_say_that_they_do_not() {
    let softhsm = SoftHsm::new();
    softhsm.make_token("one");
    let mut worker = Worker::of(Path::new(MODULE), &[softhsm.variable()]);
    assert!(!worker.watches());
    worker.ends();

    // One that lacks the function.
    let desk = Desk::new("well", GENEROUS);
    let [behaviour, _] = desk.variables();
    let mut worker = Worker::of(&desk.library(), &[behaviour]);
    assert!(!worker.watches());
    worker.ends();

    let opensc = PathBuf::from(opensc());
    let pcscd = PrivatePcscd::start().unwrap();
    let mut worker = Worker::of(&opensc, &[("PCSCLITE_CSOCK_NAME", pcscd.socket())]);
    assert!(worker.watches());
    let issued = personalise::company(&Request::default());
    let reader = pcscd.insert(Arc::new(Mutex::new(issued.card))).unwrap();
    assert_eq!(worker.hears(), TOLD);
    worker.ends();
    drop(reader);
}
