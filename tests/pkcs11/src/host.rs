//! The scripted host as a child of this process, as a browser's host is.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::script::Order;

/// How long the system may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running `kagibashi-scripted-host`; dropping it kills it.
#[derive(Debug)]
pub struct Host {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// How many questions of each kind a host has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the questions'")]
pub struct Count {
    pub hello: usize,
    pub change: usize,
    pub tokens: usize,
    pub sign: usize,
    pub login: usize,
    pub logout: usize,
    /// Connections that are open.
    pub open: usize,
}

/// The program, which Cargo puts beside the tests.
pub fn program() -> PathBuf {
    let tests = std::env::current_exe().expect("a test has a file");
    let folder = tests.ancestors().nth(2).expect("deps/ and what is above");
    folder.join("kagibashi-scripted-host")
}

impl Host {
    /// A host of this process, which is taken for a browser.
    pub fn of_browser(tokens: &[u8]) -> Self {
        Self::start("browser", tokens)
    }

    /// A host for any program.
    pub fn agent(tokens: &[u8]) -> Self {
        Self::start("agent", tokens)
    }

    fn start(kind: &str, tokens: &[u8]) -> Self {
        let mut child = Command::new(program())
            .arg(kind)
            .args(tokens.iter().map(u8::to_string))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the scripted host was built with the tests");
        let orders = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        let mut host = Self {
            child,
            orders,
            answers,
        };
        assert_eq!(host.line(), "ready");
        host
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// Tells it something.
    pub fn order(&mut self, order: Order) -> String {
        writeln!(self.orders, "{order}").expect("the host reads");
        self.line()
    }

    /// Asks what it was asked.
    pub fn count(&mut self) -> Count {
        let line = self.order(Order::Count);
        let numbers: Vec<usize> = line
            .split(' ')
            .map(|word| word.parse().expect("a number"))
            .collect();
        let [hello, change, tokens, sign, login, logout, open] = numbers[..] else {
            panic!("{line}");
        };
        Count {
            hello,
            change,
            tokens,
            sign,
            login,
            logout,
            open,
        }
    }

    /// Waits until it has so many connections: it hears of the end of one a
    /// little later than the module.
    pub fn wait_for_open(&mut self, connections: usize) {
        let begin = Instant::now();
        while self.count().open != connections {
            let open = self.count().open;
            assert!(begin.elapsed() < PATIENCE, "{open} open, not {connections}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills it, as a crash or a user would.
    pub fn kill(mut self) {
        self.end();
    }

    /// Stops it without ending it.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
        let stat = format!("/proc/{}/stat", self.child.id());
        let begin = Instant::now();
        while !fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T ")) {
            assert!(begin.elapsed() < PATIENCE, "it does not stop");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(libc::SIGCONT);
    }

    fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).expect("a pid");
        // SAFETY: our own child, which was not waited for.
        unsafe { libc::kill(pid, signal) };
    }

    fn end(&mut self) {
        // It may have gone by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.end();
    }
}
