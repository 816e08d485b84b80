//! USB, readers, PINs and certificates.

use kagibashi_token::certificate::{Certificate, KeyAlgorithm, KeyUsage, Name};
use kagibashi_token::{PinStatus, TokenCertificate};

use super::{MadeUp, service, token, usb};

const NOW: i64 = 1_795_000_000;
const DAY: i64 = 86_400;

#[test]
fn a_pin_is_told_before_it_is_too_late() {
    let status = |tries_left, maximum, locked| PinStatus {
        tries_left,
        maximum,
        locked,
        can_unblock: false,
        pad: false,
    };
    let cases = [
        (status(Some(10), Some(10), false), "pin-ok"),
        (status(Some(4), Some(10), false), "pin-ok"),
        (status(Some(3), Some(10), false), "pin-few-tries"),
        (status(Some(3), Some(3), false), "pin-ok"),
        (status(Some(2), Some(3), false), "pin-few-tries"),
        (status(Some(1), None, false), "pin-few-tries"),
        (status(Some(0), Some(10), true), "pin-locked"),
        (status(None, None, true), "pin-locked"),
        (status(None, None, false), "pin-unknown"),
    ];
    for (status, id) in cases {
        assert_eq!(
            token::pin_observation(status, "x").finding.id,
            id,
            "{status:?}"
        );
    }
}

fn certificate(from: i64, to: i64) -> TokenCertificate {
    let subject = Name {
        common_name: Some("山田 太郎".to_owned()),
        ..Name::default()
    };
    TokenCertificate {
        der: Vec::new(),
        label: String::new(),
        id: Vec::new(),
        authority: false,
        has_private_key: true,
        key: None,
        parsed: Ok(Certificate {
            issuer: Name::default(),
            subject,
            serial: "01".to_owned(),
            not_before: NOW + from * DAY,
            not_after: NOW + to * DAY,
            key_algorithm: KeyAlgorithm::Rsa { bits: 2048 },
            public_key: Vec::new(),
            key_usage: Some(vec![KeyUsage::DigitalSignature]),
            extended_key_usage: None,
            policies: Vec::new(),
            is_ca: false,
            certificate_id: Some("FC12345678".to_owned()),
            fingerprint: String::new(),
            subject_key_id: None,
            authority_key_id: None,
        }),
    }
}

fn changed(change: impl FnOnce(&mut Certificate)) -> TokenCertificate {
    let mut certificate = certificate(-1, 100);
    change(certificate.parsed.as_mut().unwrap());
    certificate
}

#[test]
fn certificates_are_judged_together() {
    let authority = || changed(|certificate| certificate.is_ca = true);
    let wrong_purpose = || changed(|certificate| certificate.key_usage = Some(Vec::new()));
    let without_key = TokenCertificate {
        has_private_key: false,
        ..certificate(-1, 100)
    };
    let cases = [
        (vec![], &["certificate-none"][..]),
        (vec![authority()], &["certificate-none"]),
        (vec![without_key], &["certificate-none"]),
        (vec![certificate(-1, 60), authority()], &["certificate-ok"]),
        (vec![certificate(-1, 59)], &["certificate-expiring"]),
        (vec![certificate(-9, -1)], &["certificate-expired"]),
        (
            vec![certificate(-9, -1), certificate(-1, 99)],
            &["certificate-old", "certificate-ok"],
        ),
        (vec![certificate(1, 99)], &["certificate-not-yet-valid"]),
        (
            vec![certificate(1, 99), certificate(-1, 99)],
            &["certificate-ok"],
        ),
        (vec![wrong_purpose()], &["certificate-wrong-purpose"]),
        (
            vec![wrong_purpose(), certificate(-1, 99)],
            &["certificate-ok"],
        ),
    ];
    for (certificates, expected) in cases {
        let found = token::in_certificates(&certificates, "x", NOW);
        let ids: Vec<_> = found
            .iter()
            .map(|observation| observation.finding.id)
            .collect();
        assert_eq!(ids, expected, "{certificates:?}");
    }
    let found = token::in_certificates(&[certificate(-1, 5)], "x", NOW);
    let told = found[0].situation(crate::language::Language::Japanese);
    assert_eq!(told, "有効期限まであと 5 日です（2026-11-23 まで）。");
    assert_eq!(found[0].at.as_deref(), Some("山田 太郎 FC12345678"));
}

#[test]
fn a_token_that_no_reader_has_says_what_is_missing() {
    let device = "sys/bus/usb/devices/1-2";
    let made_up = MadeUp::with(&["usr/sbin/pcscd"]);
    let root = &made_up.computer.places.root;
    assert_eq!(usb::tokens(root), None, "no list of devices");
    let id = |plugged_in| service::in_service(&[], plugged_in, root).finding.id;

    // Another maker's device, and a security key of Feitian.
    made_up.write("sys/bus/usb/devices/1-1/idVendor", "046d\n");
    made_up.write(&format!("{device}/idVendor"), "096e\n");
    made_up.write(&format!("{device}/idProduct"), "0858\n");
    made_up.write(&format!("{device}/1-2:1.0/bInterfaceClass"), "03\n");
    assert_eq!(usb::tokens(root), Some(Vec::new()));
    assert_eq!(id(false), "reader-none");

    made_up.write(&format!("{device}/1-2:1.1/bInterfaceClass"), "0b\n");
    assert_eq!(usb::tokens(root), Some(vec!["Feitian".to_owned()]));
    std::fs::remove_dir_all(made_up.path(&format!("{device}/1-2:1.1"))).unwrap();
    made_up.write(&format!("{device}/idProduct"), "0807\n");
    made_up.write(&format!("{device}/product"), "ePass2003\n");
    assert_eq!(usb::tokens(root), Some(vec!["ePass2003".to_owned()]));

    assert_eq!(id(true), "reader-driver-missing");
    made_up.write(
        "usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist",
        "",
    );
    assert_eq!(id(true), "reader-not-taken");
}

#[test]
fn a_service_that_does_not_answer_is_stopped_or_missing() {
    let unavailable = kagibashi_token::TokenError::ServiceUnavailable;
    let made_up = MadeUp::with(&[]);
    let root = &made_up.computer.places.root;
    let id = |error| service::no_service(error, root).finding.id;
    assert_eq!(id(&unavailable), "service-not-installed");
    made_up.write("usr/sbin/pcscd", "");
    assert_eq!(id(&unavailable), "service-stopped");
    assert_eq!(
        id(&kagibashi_token::TokenError::NoRandomness),
        "service-refused"
    );
}
