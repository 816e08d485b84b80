//! The ePass2003 driver against a software card in process.

mod simulated;

use kagibashi_card_simulator::Mode;
use kagibashi_token::{SignatureAlgorithm, TokenError};
use simulated::{PIN, Reader, company, pin};

const MODES: [Mode; 3] = [Mode::Aes, Mode::Cmac, Mode::TripleDes];

#[test]
fn list_log_in_and_sign_in_every_mode() {
    for mode in MODES {
        let issued = company(mode);
        let reader = Reader::with(issued.card);
        let mut token = reader.open().unwrap();
        let info = token.info().unwrap();
        assert_eq!(info.label, "デモトークン", "{mode:?}");
        println!("{info:?}");
        let certificates = token.certificates().unwrap();
        for c in &certificates {
            println!("{} {:?} {:?}", c.label, c.has_private_key, c.parsed);
        }
        println!("{:?}", token.pin_status().unwrap());
        let key = certificates
            .iter()
            .find_map(|certificate| certificate.key.clone())
            .unwrap();
        let mut logged_in = token.login_for(&key, &pin(PIN)).unwrap();
        for algorithm in SignatureAlgorithm::ALL {
            let digest = vec![7; algorithm.hash_function().length()];
            assert_eq!(logged_in.sign(&key, algorithm, &digest).unwrap().len(), 256);
        }
    }
}
