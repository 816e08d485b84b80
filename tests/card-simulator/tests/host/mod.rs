//! A small host: handshake, secure messaging, PIN.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test uses its part")]

use kagibashi_card_simulator::apdu::{Apdu, Le};
use kagibashi_card_simulator::cipher::triple_des;
use kagibashi_card_simulator::secret::pin_key;
use kagibashi_card_simulator::secure_messaging::Session;
use kagibashi_card_simulator::secure_messaging::handshake::{Handshake, TRANSPORT_KEY};
use kagibashi_card_simulator::{Card, Mode, StatusWord};

const HOST_RANDOM: [u8; 8] = [0xBF, 0xC3, 0x29, 0x11, 0xC7, 0x18, 0xC3, 0x40];

/// Something that answers like a card.
pub trait Terminal {
    fn transmit(&mut self, command: &[u8]) -> Vec<u8>;
    fn mode(&self) -> Mode;
}

impl Terminal for Card {
    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        Card::transmit(self, command)
    }

    fn mode(&self) -> Mode {
        self.settings().mode
    }
}

/// A host and the card it talks to.
pub struct Host<'a, T = Card> {
    pub card: &'a mut T,
    session: Session,
}

impl<'a, T: Terminal> Host<'a, T> {
    /// Shakes hands.
    pub fn connect(card: &'a mut T) -> Host<'a, T> {
        let session = handshake(card);
        Host { card, session }
    }

    /// Shakes hands again: the session and the PIN before are gone.
    pub fn reconnect(&mut self) {
        self.session = handshake(self.card);
    }

    /// Sends one command; an empty `data` is none. A bare or forged answer panics.
    pub fn send(&mut self, header: u32, data: &[u8], le: Option<Le>) -> (Vec<u8>, u16) {
        let answer = self.send_raw(header, data, le);
        let (data, status) = self
            .open(&answer)
            .expect("the answer is under the session's keys");
        (data, status.0)
    }

    /// Sends one command and returns the bytes of the answer.
    pub fn send_raw(&mut self, header: u32, data: &[u8], le: Option<Le>) -> Vec<u8> {
        let wrapped = self.wrap(header, data, le);
        self.card.transmit(&wrapped)
    }

    /// Protects a command without sending it.
    pub fn wrap(&mut self, header: u32, data: &[u8], le: Option<Le>) -> Vec<u8> {
        let [cla, ins, p1, p2] = header.to_be_bytes();
        self.session.wrap(&Apdu {
            cla,
            ins,
            p1,
            p2,
            data: data.to_vec(),
            le,
        })
    }

    /// Opens an answer; `None` if it is not under the session's keys.
    pub fn open(&self, answer: &[u8]) -> Option<(Vec<u8>, StatusWord)> {
        self.session.unwrap_answer(answer)
    }

    /// A command without answer data: its status word.
    pub fn status(&mut self, header: u32, data: &[u8]) -> u16 {
        self.send(header, data, None).1
    }

    /// SELECT one after the other; the last status word.
    pub fn select(&mut self, path: &[u16]) -> u16 {
        let select = |&id: &u16| {
            self.send(0x00A4_0000, &id.to_be_bytes(), Some(Le::Short(0)))
                .1
        };
        path.iter().map(select).last().unwrap()
    }

    /// Reads a whole file below 3F00/5015 in pieces of D8.
    pub fn read(&mut self, id: u16) -> Vec<u8> {
        assert_eq!(self.select(&[0x3F00, 0x5015, id]), 0x9000, "{id:04X}");
        let mut content = Vec::new();
        loop {
            let header = 0x00B0_0000 + u32::try_from(content.len()).unwrap();
            match self.send(header, &[], Some(Le::Short(0xD8))) {
                (piece, 0x9000) => content.extend(piece),
                (_, 0x6B00) => return content,
                (_, status @ 0x6C00..=0x6CFF) => {
                    content.extend(
                        self.send(header, &[], Some(Le::Short(status.to_be_bytes()[1])))
                            .0,
                    );
                }
                (_, status) => panic!("{id:04X}: {status:04X}"),
            }
        }
    }

    /// GET CHALLENGE and EXTERNAL AUTHENTICATE with a PIN.
    pub fn verify(&mut self, id: u8, pin: &str) -> u16 {
        let challenge = self.send(0x0084_0000, &[], Some(Le::Short(16))).0;
        let response = triple_des(&pin_key(pin), *challenge.first_chunk().unwrap());
        self.status(0x0082_0180 | u32::from(id), &response)
    }

    /// GET CHALLENGE and the retry query.
    pub fn tries(&mut self, id: u8) -> u16 {
        self.send(0x0084_0000, &[], Some(Le::Short(8)));
        self.status(0x0082_0180 | u32::from(id), &[])
    }

    /// UPDATE SECRET: a new PIN with a full counter.
    pub fn set_pin(&mut self, id: u8, tries: u8, pin: &str) -> u16 {
        let data = [[tries << 4 | tries].as_slice(), &pin_key(pin)].concat();
        self.status(0x80E5_0400 | u32::from(id), &data)
    }

    /// MSE and the raw private key operation.
    pub fn apply_key(&mut self, id: u16, block: &[u8]) -> (Vec<u8>, u16) {
        let [high, low] = id.to_be_bytes();
        assert_eq!(
            self.status(0x0022_41B8, &[0x80, 1, 0x84, 0x81, 2, high, low]),
            0x9000
        );
        self.send(0x002A_8086, block, Some(Le::Short(0)))
    }
}

fn handshake(card: &mut impl Terminal) -> Session {
    let mut initialize = vec![0x80, 0x50, 0x00, 0x00, 0x08];
    initialize.extend(HOST_RANDOM);
    initialize.push(0x00);
    let answer = card.transmit(&initialize);
    let (rest, [0x90, 0x00]) = answer.split_last_chunk().unwrap() else {
        panic!("INITIALIZE UPDATE failed")
    };
    let (rest, cryptogram) = rest.split_last_chunk::<8>().unwrap();
    let card_random = *rest.last_chunk().unwrap();
    let handshake = Handshake::new(card.mode(), [TRANSPORT_KEY; 2], HOST_RANDOM, card_random);
    assert_eq!(handshake.card_cryptogram(), *cryptogram);
    let mut authenticate = vec![0x84, 0x82, 0x03, 0x00, 0x10];
    authenticate.extend(handshake.host_cryptogram());
    authenticate.extend(handshake.mac());
    assert_eq!(card.transmit(&authenticate), StatusWord::OK.to_bytes());
    handshake.into_session(false)
}
