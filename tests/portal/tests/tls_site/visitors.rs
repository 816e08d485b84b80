//! curl and `openssl s_client`, each bounded in time.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::cards::Card;
use super::running::Running;

/// Each port with its version as nginx and as people write it.
pub fn ports(site: &Running) -> [(u16, &'static str, &'static str); 2] {
    [
        (site.tls12, "TLSv1.2", "TLS 1.2"),
        (site.tls13, "TLSv1.3", "TLS 1.3"),
    ]
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    fn parse(output: Vec<u8>) -> Self {
        let text = String::from_utf8(output).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer with a head");
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

pub struct Curl(Command);

pub fn visitor(site: &Running) -> Curl {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--max-time", "10", "--noproxy", "*", "--cacert"])
        .arg(&site.authority);
    Curl(curl)
}

impl Curl {
    pub fn with(mut self, card: &Card) -> Self {
        self.0.arg("--cert").arg(&card.certificate);
        self.0.arg("--key").arg(&card.key);
        self
    }

    pub fn saying(mut self, headers: &[String]) -> Self {
        for header in headers {
            self.0.args(["--header", header]);
        }
        self
    }

    pub fn options(mut self, options: &[&str]) -> Self {
        self.0.args(options);
        self
    }

    pub fn get(self, port: u16, path: &str) -> Answer {
        self.try_get(port, path).expect("curl gets an answer")
    }

    /// The answer, or curl's exit code.
    pub fn try_get(self, port: u16, path: &str) -> Result<Answer, i32> {
        self.fetch(&format!("https://portal.localhost:{port}{path}"))
    }

    pub fn get_plain(self, port: u16) -> Answer {
        self.fetch(&format!("http://portal.localhost:{port}/"))
            .unwrap()
    }

    fn fetch(mut self, address: &str) -> Result<Answer, i32> {
        let output = self.0.args(["--include", address]).output().expect("curl");
        match output.status.code() {
            Some(0) => Ok(Answer::parse(output.stdout)),
            code => Err(code.expect("curl ends by itself")),
        }
    }

    /// The same JSON twice, in one run of curl.
    pub fn get_twice(mut self, port: u16, path: &str) -> [Value; 2] {
        let address = format!("https://portal.localhost:{port}{path}");
        let output = self.0.args([&address, &address]).output().expect("curl");
        let mut values = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
        [(); 2].map(|()| values.next().unwrap().unwrap())
    }
}

/// What `openssl s_client` says of a handshake without a certificate.
pub fn s_client(site: &Running, port: u16) -> String {
    let mut client = Command::new("timeout")
        .args(["10", "openssl", "s_client", "-connect"])
        .arg(format!("127.0.0.1:{port}"))
        .arg("-CAfile")
        .arg(&site.authority)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl");
    client.stdin.take().unwrap().write_all(b"Q\n").unwrap();
    let output = client.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}
