//! Another program that uses the same card.

use std::ffi::CString;

use kagibashi_card::apdu::Command;
use kagibashi_card::cancel::Cancel;
use kagibashi_card::reader::Transaction;
use kagibashi_card::scp01::{Mode, StaticKeys};
use kagibashi_card::secure_messaging::SecureMessaging;
use kagibashi_card::status_word::StatusWord;

use crate::daemon::READER;

/// One that connected before us and uses the card after us.
pub struct OtherProgram {
    pub card: pcsc::Card,
}

impl OtherProgram {
    pub fn connect() -> Self {
        let context = pcsc::Context::establish(pcsc::Scope::User).unwrap();
        let name = CString::new(READER).unwrap();
        let card = context
            .connect(&name, pcsc::ShareMode::Shared, pcsc::Protocols::ANY)
            .unwrap();
        Self { card }
    }

    /// Whether the card was reset since this program last looked.
    pub fn finds_a_reset(&mut self) -> bool {
        let mut buffer = [0; 300];
        match self
            .card
            .transmit(&[0x00, 0xCA, 0x01, 0x86, 0x00], &mut buffer)
        {
            Ok(_) => false,
            Err(pcsc::Error::ResetCard) => true,
            Err(error) => panic!("{error}"),
        }
    }

    /// Resets the card and goes.
    pub fn reset(self) {
        self.card
            .disconnect(pcsc::Disposition::ResetCard)
            .map_err(|(_, error)| error)
            .unwrap();
    }
}

/// What a program finds that opens a session of its own: the tries left, and the answer to a private
/// key operation without PIN.
pub fn look_with_own_session() -> (StatusWord, StatusWord) {
    let channel = Transaction::begin(READER, &Cancel::new()).unwrap();
    let mut card = SecureMessaging::new(channel, Mode::Aes, StaticKeys::TRANSPORT);
    card.renew().unwrap();
    let mut answer = |command: &Command| card.transmit(command).unwrap().status;
    for file in [0x3F00_u16, 0x5015] {
        let select = Command::new(0x00, 0xA4, 0x00, 0x00)
            .with_data(&file.to_be_bytes())
            .expecting(0);
        assert_eq!(answer(&select), StatusWord::Success);
    }
    let challenge = Command::new(0x00, 0x84, 0x00, 0x00).expecting(16);
    assert_eq!(answer(&challenge), StatusWord::Success);
    let tries = answer(&Command::new(0x00, 0x82, 0x01, 0x81));
    let select_key =
        Command::new(0x00, 0x22, 0x41, 0xB8).with_data(&[0x80, 0x01, 0x84, 0x81, 0x02, 0x29, 0x00]);
    assert_eq!(answer(&select_key), StatusWord::Success);
    let use_key = Command::new(0x00, 0x2A, 0x80, 0x86)
        .with_data(&[1; 256])
        .expecting(0);
    (tries, answer(&use_key))
}
