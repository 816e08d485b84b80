//! A browser as the host knows it: it starts the program with its arguments
//! and speaks frames to it.

#![allow(dead_code, reason = "each test uses its part")]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longer than anything here takes, shorter than anybody's patience.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The origin of our extension in Chromium.
pub fn our_origin() -> String {
    let identity: Value =
        serde_json::from_str(include_str!("../../../../manifests/identity.json")).unwrap();
    format!(
        "chrome-extension://{}/",
        identity["chromiumId"].as_str().unwrap()
    )
}

/// A command line of the program, with its files in a folder of the test's.
pub fn program(home: &Path, pcscd: &Path) -> Command {
    let command = Command::new(env!("CARGO_BIN_EXE_kagibashi"));
    with_home(command, home, pcscd)
}

/// A command with its files in a folder of the test's.
pub fn with_home(mut command: Command, home: &Path, pcscd: &Path) -> Command {
    command
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_RUNTIME_DIR", home.join("run"))
        .env("KAGIBASHI_LOG", "debug")
        .env("LC_ALL", "C.UTF-8")
        .env("PCSCLITE_CSOCK_NAME", pcscd);
    command
}

/// The host as a child, and its end of the pipe.
pub struct Browser {
    host: Child,
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
}

impl Browser {
    /// Starts the host for our extension.
    pub fn start(home: &Path, pcscd: &Path) -> Self {
        Self::start_for(home, pcscd, &[&our_origin()])
    }

    /// Starts the host with the arguments of some caller.
    pub fn start_for(home: &Path, pcscd: &Path, arguments: &[&str]) -> Self {
        let mut command = program(home, pcscd);
        command.args(arguments);
        Self::start_by(command)
    }

    /// Starts the host by a command that ends up in it.
    pub fn start_by(mut command: Command) -> Self {
        let mut host = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = host.stdout.take().unwrap();
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            let mut length = [0; 4];
            while stdout.read_exact(&mut length).is_ok() {
                let length = u32::from_ne_bytes(length);
                assert!(length <= 1_000_000, "a frame of {length} bytes");
                let mut body = vec![0; length as usize];
                stdout.read_exact(&mut body).unwrap();
                if sender.send(serde_json::from_slice(&body).unwrap()).is_err() {
                    return;
                }
            }
        });
        let stdin = host.stdin.take();
        Self {
            host,
            stdin,
            messages,
        }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.host.id()
    }

    /// Bytes as they are. Whether the host still reads is seen elsewhere.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        drop(self.stdin.as_mut().unwrap().write_all(bytes));
    }

    /// A frame with that body.
    pub fn send_body(&mut self, body: &[u8]) {
        let length = u32::try_from(body.len()).unwrap();
        self.send_bytes(&[&length.to_ne_bytes(), body].concat());
    }

    /// A message.
    pub fn send(&mut self, message: &Value) {
        self.send_body(message.to_string().as_bytes());
    }

    /// A request.
    pub fn request(&mut self, request: u32, command: &str, arguments: &Value) {
        self.send(&json!({"type": "request", "request": request, "command": command, "arguments": arguments}));
    }

    /// An answer to a prompt.
    pub fn answer(&mut self, prompt: &Value, answer: &Value) {
        self.send(&json!({
            "type": "answer",
            "request": prompt["request"],
            "prompt": prompt["prompt"],
            "answer": answer,
        }));
    }

    /// The next message that is not about readers and what is in them; `None`
    /// when the host has closed its end.
    pub fn receive(&mut self) -> Option<Value> {
        const COMING_AND_GOING: [&str; 3] = ["readers", "token-inserted", "token-removed"];
        loop {
            let message = self.receive_any()?;
            if !COMING_AND_GOING.iter().any(|kind| message["type"] == *kind) {
                return Some(message);
            }
        }
    }

    /// The next message; `None` when the host has closed its end.
    pub fn receive_any(&mut self) -> Option<Value> {
        match self.messages.recv_timeout(PATIENCE) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the host says nothing"),
        }
    }

    /// The first message, which must be the greeting.
    pub fn greeted(mut self) -> Self {
        let hello = self.receive().unwrap();
        assert_eq!(hello["type"], "hello");
        self
    }

    /// Waits until the host has read the token by itself, so that all commands
    /// to come are those of requests.
    pub fn has_read_the_token(&mut self) {
        while self.receive_any().expect("the host ended")["type"] != "token-inserted" {}
    }

    /// The next message that is not about something that goes by itself.
    pub fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.receive().expect("the host ended");
            let passing = ["reading-token", "working", "waiting-for-token"]
                .iter()
                .any(|it| message["view"]["kind"] == *it && *it != kind)
                || message["type"] == "logins" && kind != "logins";
            if !passing {
                assert!(
                    message["type"] == kind || message["view"]["kind"] == kind,
                    "{kind} expected: {message}"
                );
                return message;
            }
        }
    }

    /// The next failure, which must be of that name.
    pub fn fails_with(&mut self, name: &str) -> Value {
        let failure = self.next_of("failure");
        assert_eq!(failure["error"]["name"], name, "{failure}");
        failure
    }

    /// The next failure, with whatever else the extension is told before it.
    pub fn fails_with_among(&mut self, name: &str) -> Value {
        loop {
            let message = self.receive().expect("the host ended");
            if message["type"] == "failure" {
                assert_eq!(message["error"]["name"], name, "{message}");
                return message;
            }
        }
    }

    /// Closes the host's stdin, as a browser that ends.
    pub fn close(&mut self) {
        drop(self.stdin.take());
    }

    /// Waits for the host's end.
    pub fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.host.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the host does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.close();
        drop(self.host.kill());
        drop(self.host.wait());
    }
}
