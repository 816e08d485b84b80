//! OpenSC as Debian ships it judges the card, through pcscd, in all modes.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod host;

use bench::Bench;
use der::pem::{LineEnding, encode_string};
use host::Host;
use kagibashi_card_simulator::personalise::{Request, Token, company, two_certificates};
use kagibashi_card_simulator::{Card, Mode, Settings};
use sha2::{Digest, Sha256};

const PIN: &str = "12345678";
const MESSAGE: &[u8] = b"What OpenSC signed, openssl verifies.";

#[test]
fn an_aes_card_lives_from_creation_to_erasure() {
    life(Mode::Aes);
}

#[test]
fn a_cmac_card_lives_from_creation_to_erasure() {
    life(Mode::Cmac);
}

#[test]
fn a_3des_card_lives_from_creation_to_erasure() {
    life(Mode::TripleDes);
}

fn life(mode: Mode) {
    let bench = Bench::with(Card::blank(Settings {
        mode,
        ..Settings::default()
    }));
    bench
        .run("opensc-tool --name")
        .succeeded()
        .said(&["epass2003"]);
    create(&bench);

    // A PKCS#12 file with its chain; iD a1.
    make_pkcs12(&bench);
    bench
        .run(&format!(
            "pkcs15-init --store-private-key client.p12 --format pkcs12 --passphrase secret \
             --id a1 --auth-id 01 --pin {PIN}"
        ))
        .succeeded();
    bench
        .run("pkcs15-tool --read-certificate a1 --output read.pem")
        .succeeded();
    assert_eq!(pem_body(&bench, "read.pem"), pem_body(&bench, "client.pem"));

    // A key of the card's own; iD b2.
    bench
        .run(&format!(
            "pkcs15-init --generate-key rsa/1024 --id b2 --label own --auth-id 01 --pin {PIN}"
        ))
        .succeeded();
    bench
        .run("pkcs15-tool --read-public-key b2 --output own.key")
        .succeeded();

    bench.run("pkcs15-tool --dump").succeeded().said(&[
        "PKCS#15 Card [デモ]",
        "Serial number  : 3307011617051201",
        "PIN [User PIN]",
        "Private RSA Key [client]",
        "ModLength      : 2048",
        "Private RSA Key [own]",
        "ModLength      : 1024",
        "Public RSA Key [own]",
        "X.509 Certificate [client]",
        "Authority      : no",
        "X.509 Certificate [Intermediate]",
        "Authority      : yes",
        "X.509 Certificate [Root]",
        "Authority      : yes",
    ]);

    prepare_message(&bench);
    sign_with_pkcs15_crypt(&bench, "a1");
    bench.check_signature("client.pem", "signature", "pkcs1");
    sign_with_pkcs15_crypt(&bench, "b2");
    bench.check_signature_by_key("own.key", "signature", "pkcs1");
    for (mechanism, padding) in [("SHA256-RSA-PKCS", "pkcs1"), ("SHA256-RSA-PKCS-PSS", "pss")] {
        sign_with_pkcs11_tool(&bench, "a1", mechanism);
        bench.check_signature("client.pem", "signature", padding);
        sign_with_pkcs11_tool(&bench, "b2", mechanism);
        bench.check_signature_by_key("own.key", "signature", padding);
    }
    pkcs11_self_test(&bench);

    bench.run("pkcs15-init --erase-card").succeeded();
    bench
        .run("pkcs15-tool --dump")
        .failed_saying("PKCS#15 binding failed");
    create(&bench);
    bench.run("pkcs15-tool --list-keys").succeeded();
}

#[test]
fn company_tokens_are_read_and_sign_in_every_mode() {
    for mode in [Mode::Aes, Mode::Cmac, Mode::TripleDes] {
        let token = company(&Request {
            settings: Settings {
                mode,
                ..Settings::default()
            },
            ..Request::default()
        });
        let bench = Bench::with(token.card.clone());
        write_certificates(&bench, &token);
        bench.run("pkcs15-tool --dump").succeeded().said(&[
            "PKCS#15 Card [デモトークン]",
            "Flags          : [0x32], local, initialized, needs-padding",
            "Private RSA Key [山田 太郎 FC12345678]",
            "Access Flags   : [0x1D], sensitive, alwaysSensitive, neverExtract, local",
            "Public RSA Key [山田 太郎 FC12345678]",
            "X.509 Certificate [山田 太郎 FC12345678]",
            "X.509 Certificate [Enterprise Premium CA - G3 (Demo)]",
            "X.509 Certificate [Kagibashi Demo Root CA]",
        ]);
        for (id, name) in [
            ("45", "client-0.pem"),
            ("46", "intermediate.pem"),
            ("47", "root.pem"),
        ] {
            bench
                .run(&format!(
                    "pkcs15-tool --read-certificate {id} --output read.pem"
                ))
                .succeeded();
            assert_eq!(
                pem_body(&bench, "read.pem"),
                pem_body(&bench, name),
                "{mode:?} {name}"
            );
        }
        prepare_message(&bench);
        // Without the PIN this key does nothing.
        bench
            .run("pkcs15-crypt --sign --key 45 --sha-256 --pkcs1 --input digest --pin 00000000")
            .failed_saying("PIN");
        sign_with_pkcs15_crypt(&bench, "45");
        bench.check_signature("client-0.pem", "signature", "pkcs1");
        for (mechanism, padding) in [("SHA256-RSA-PKCS", "pkcs1"), ("SHA256-RSA-PKCS-PSS", "pss")] {
            sign_with_pkcs11_tool(&bench, "45", mechanism);
            bench.check_signature("client-0.pem", "signature", padding);
        }
        pkcs11_self_test(&bench);
    }
}

#[test]
fn openssl_takes_the_valid_certificate_and_refuses_the_expired_one() {
    let token = two_certificates(&Request::default());
    let bench = Bench::with(token.card.clone());
    write_certificates(&bench, &token);
    let verify = "openssl verify -purpose sslclient -CAfile root.pem -untrusted intermediate.pem";
    bench.run(&format!("{verify} client-0.pem")).succeeded();
    bench
        .run(&format!("{verify} client-1.pem"))
        .failed_saying("certificate has expired");
    bench
        .run("openssl x509 -in client-0.pem -noout -text -nameopt utf8,sep_comma_plus")
        .succeeded()
        .said(&[
            "Subject: C=JP,O=株式会社サンプル,OU=FC23456789,CN=山田 太郎",
            "Digital Signature\n",
            "TLS Web Client Authentication\n",
            "Certificate Policies",
        ]);
    bench.run("pkcs15-tool --dump").succeeded().said(&[
        "Private RSA Key [山田 太郎 FC23456789]",
        "Private RSA Key [山田 太郎 FC12345678]",
        "Usage          : [0x0C], sign, signRecover",
        "X.509 Certificate [山田 太郎 FC12345678]",
    ]);
}

#[test]
fn a_pin_is_changed_blocked_and_unblocked() {
    let settings = Settings::default();
    let token = company(&Request {
        settings,
        tries: 3,
        ..Request::default()
    });
    let bench = Bench::with(token.card);
    let verify = |pin: &str| bench.run(&format!("pkcs15-tool --verify-pin --pin {pin}"));
    verify(PIN).succeeded();

    // OpenSC 0.23 sends only the second half of a change and counts on an earlier login.
    bench
        .run(&format!(
            "pkcs15-tool --change-pin --pin {PIN} --new-pin 2468135790"
        ))
        .failed_saying("Security status not satisfied");
    bench
        .run(&format!(
            "pkcs15-tool --verify-pin --change-pin --pin {PIN} --new-pin 2468135790"
        ))
        .succeeded();
    verify(PIN).failed_saying("PIN code or key incorrect");
    verify("2468135790").succeeded();
    bench
        .run(&format!(
            "pkcs11-tool --login --pin 2468135790 --change-pin --new-pin {PIN}"
        ))
        .succeeded();

    for tries_left in [2, 1] {
        verify("00000000").failed_saying("PIN code or key incorrect");
        assert_eq!(tries(&bench), 0x63C0 + tries_left);
    }
    verify(PIN).succeeded();
    assert_eq!(tries(&bench), 0x63C3);

    verify("00000000").failed_saying("PIN code or key incorrect");
    verify("00000000").failed_saying("PIN code or key incorrect");
    verify("00000000").failed_saying("Authentication method blocked");
    verify(PIN).failed_saying("Authentication method blocked");
    assert_eq!(tries(&bench), 0x6983);

    // OpenSC stops after the PUK and reports success all the same.
    bench
        .run("pkcs15-tool --unblock-pin --puk 87654321 --new-pin 11223344")
        .succeeded();
    verify("11223344").failed_saying("Authentication method blocked");
    unblock(&bench, "11223344");
    verify("11223344").succeeded();
}

/// Asks the card for the tries left of the user PIN.
fn tries(bench: &Bench) -> u16 {
    let mut card = bench.reader.card();
    let mut host = Host::connect(&mut *card);
    host.select(&[0x3F00, 0x5015]);
    host.tries(1)
}

/// Both halves: the PUK, then a new PIN with three tries.
fn unblock(bench: &Bench, pin: &str) {
    let mut card = bench.reader.card();
    let mut host = Host::connect(&mut *card);
    host.select(&[0x3F00, 0x5015]);
    assert_eq!(host.verify(2, "87654321"), 0x9000);
    assert_eq!(host.set_pin(1, 3, pin), 0x9000);
}

fn create(bench: &Bench) {
    bench
        .run(&format!(
            "pkcs15-init --create-pkcs15 --profile pkcs15+onepin --use-default-transport-keys \
             --label デモ --pin {PIN} --puk 87654321"
        ))
        .succeeded();
}

/// Root, intermediate and client by the openssl program, bundled in client.p12.
fn make_pkcs12(bench: &Bench) {
    bench.write(
        "authority.ext",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n",
    );
    bench.write(
        "client.ext",
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n",
    );
    for line in [
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -subj /CN=Root -days 9",
        "openssl req -newkey rsa:2048 -nodes -keyout intermediate.key -out intermediate.csr -subj /CN=Intermediate",
        "openssl x509 -req -in intermediate.csr -CA root.pem -CAkey root.key -CAcreateserial -days 8 \
         -extfile authority.ext -out intermediate.pem",
        "openssl req -newkey rsa:2048 -nodes -keyout client.key -out client.csr -subj /C=JP/CN=client",
        "openssl x509 -req -in client.csr -CA intermediate.pem -CAkey intermediate.key -CAcreateserial -days 7 \
         -extfile client.ext -out client.pem",
    ] {
        bench.run(line).succeeded();
    }
    let chain = ["intermediate.pem", "root.pem"]
        .map(|name| std::fs::read(bench.path(name)).unwrap())
        .concat();
    bench.write("chain.pem", chain);
    bench
        .run(
            "openssl pkcs12 -export -inkey client.key -in client.pem -certfile chain.pem -name client \
             -passout pass:secret -out client.p12",
        )
        .succeeded();
}

fn write_certificates(bench: &Bench, token: &Token) {
    let write = |name: &str, der: &[u8]| {
        bench.write(
            name,
            encode_string("CERTIFICATE", LineEnding::LF, der).unwrap(),
        );
    };
    write("root.pem", &token.root);
    write("intermediate.pem", &token.intermediate);
    for (number, client) in token.clients.iter().enumerate() {
        write(&format!("client-{number}.pem"), client);
    }
}

fn prepare_message(bench: &Bench) {
    bench.write("message", MESSAGE);
    bench.write("digest", Sha256::digest(MESSAGE));
}

fn sign_with_pkcs15_crypt(bench: &Bench, id: &str) {
    bench
        .run(&format!(
            "pkcs15-crypt --sign --key {id} --sha-256 --pkcs1 --pin {PIN} --input digest --output signature --raw"
        ))
        .succeeded();
}

fn sign_with_pkcs11_tool(bench: &Bench, id: &str, mechanism: &str) {
    bench
        .run(&format!(
            "pkcs11-tool --sign --mechanism {mechanism} --login --pin {PIN} --id {id} \
             --input-file message --output-file signature"
        ))
        .succeeded();
}

fn pkcs11_self_test(bench: &Bench) {
    bench
        .run(&format!("pkcs11-tool --login --pin {PIN} --test"))
        .succeeded()
        .said(&["SHA256-RSA-PKCS: OK", "Verify", "No errors"]);
}

/// A PEM file's base64, without what else programs write.
fn pem_body(bench: &Bench, name: &str) -> String {
    let text = std::fs::read_to_string(bench.path(name)).unwrap();
    let body = text.split("-----").nth(2).unwrap();
    body.split_whitespace().collect()
}
