//! The real host, started as a browser starts it: this program is the browser,
//! its PKCS#11 module and its extension.

use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use kagibashi_card_simulator::pcscd::{PrivatePcscd, SOCKET_VARIABLE};
use kagibashi_protocol::agent::{
    Algorithm, Answer, Client, MeetingPlace, Name, Question, SlotCertificate, SlotToken,
};
use kagibashi_protocol::frame;
use kagibashi_protocol::limit::MESSAGE_TO_EXTENSION_MAX;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

/// A host with a browser around it; it ends when this is dropped.
pub struct Host {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    place: MeetingPlace,
    _home: tempfile::TempDir,
}

impl Host {
    /// Starts the program that lies beside this one.
    pub fn start(pcscd: &PrivatePcscd) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let run = home.path().join("run");
        std::fs::create_dir(&run)?;
        let identity: Value =
            serde_json::from_str(include_str!("../../../manifests/identity.json"))?;
        let id = identity["chromiumId"].as_str().context("no id")?;
        let mut process = Command::new(program("kagibashi")?)
            .arg(format!("chrome-extension://{id}/"))
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", &run)
            .env(SOCKET_VARIABLE, pcscd.socket())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = process.stdin.take().context("no stdin")?;
        let stdout = BufReader::new(process.stdout.take().context("no stdout")?);
        let mut host = Self {
            process,
            stdin,
            stdout,
            place: MeetingPlace::in_folder(run.join("kagibashi")),
            _home: home,
        };
        host.next_of("hello")?;
        Ok(host)
    }

    /// A connection as the module opens it.
    pub fn module(&self) -> Result<Client> {
        soon(|| Ok(Client::connect(&self.place, Name::Browser(std::process::id())).ok()))
    }

    /// The token, once the host has read it.
    pub fn token(&self) -> Result<SlotToken> {
        let mut module = self.module()?;
        soon(|| match module.ask(&Question::Tokens, PATIENCE)? {
            Answer::Tokens { tokens, .. } => Ok(tokens.into_iter().next()),
            other => bail!("not tokens: {other:?}"),
        })
    }

    /// Opens a login for a handshake, as the person does in the extension's window.
    pub fn log_in(&mut self, token: &SlotToken, pin: &str) -> Result<()> {
        let arguments = json!({
            "origin": null,
            "certificate": key_of(token)?.id,
            "token": token.id,
            "idleSeconds": 600,
        });
        self.send(
            &json!({"type": "request", "request": 1, "command": "log-in", "arguments": arguments}),
        )?;
        let prompt = self.next_of("enter-pin")?;
        let certificate = &prompt["view"]["certificates"][0];
        let answer = json!({"certificate": certificate["id"], "token": certificate["token"], "pin": pin, "lastTryConfirmed": false});
        self.send(&json!({
            "type": "answer", "request": 1, "prompt": prompt["prompt"], "answer": answer,
        }))?;
        self.next_of("response").map(drop)
    }

    /// Its process.
    pub fn process(&self) -> &Child {
        &self.process
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        frame::write(&mut self.stdin, message.to_string().as_bytes())?;
        Ok(self.stdin.flush()?)
    }

    fn next_of(&mut self, kind: &str) -> Result<Value> {
        loop {
            let body = frame::read(&mut self.stdout, MESSAGE_TO_EXTENSION_MAX)?
                .context("the host has ended")?;
            let message: Value = serde_json::from_slice(&body)?;
            ensure!(message["type"] != "failure", "{message}");
            if message["type"] == kind || message["view"]["kind"] == kind {
                return Ok(message);
            }
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It has nothing to lose.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Tries until there is something, not for ever.
pub fn soon<T>(mut act: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = act()? {
            return Ok(value);
        }
        ensure!(start.elapsed() < PATIENCE, "the host is not ready");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The certificate that has a key.
fn key_of(token: &SlotToken) -> Result<&SlotCertificate> {
    let mut certificates = token.certificates.iter();
    certificates.find(|it| it.has_key).context("no key")
}

/// Has the module ask for a signature, as a TLS 1.3 handshake does.
pub fn sign(module: &mut Client, token: &SlotToken) -> Result<()> {
    let question = Question::Sign {
        token: token.id.clone(),
        certificate: key_of(token)?.id.clone(),
        algorithm: Algorithm::Ps256,
        digest: vec![7; 32],
    };
    match module.ask(&question, question.patience())? {
        Answer::Signature { .. } => Ok(()),
        other => bail!("no signature: {other:?}"),
    }
}

/// A program that was built beside this one.
pub fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let path = own.parent().unwrap_or(Path::new(".")).join(name);
    ensure!(path.exists(), "{} is not built", path.display());
    Ok(path)
}
