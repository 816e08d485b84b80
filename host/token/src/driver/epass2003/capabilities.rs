//! What the card says of itself before anything else.

use kagibashi_card::apdu::{Command, Response};
use kagibashi_card::channel::{Channel, ChannelError};
use kagibashi_card::scp01::Mode;
use kagibashi_card::status_word::StatusWord;
use kagibashi_card::tlv::DataObjects;

use crate::error::{Operation, TokenError};

/// The answer to GET DATA 0186.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Capabilities {
    /// How commands are protected; `None` if they go in the clear.
    pub mode: Option<Mode>,
    /// Eight bytes; old firmware does not tell.
    pub serial: Option<Vec<u8>>,
}

impl Capabilities {
    /// Asks in the clear, once more if another program reset the card just then.
    pub(super) fn read(channel: &mut impl Channel) -> Result<Self, TokenError> {
        let command = Command::new(0x00, 0xCA, 0x01, 0x86).expecting(0).to_bytes();
        let answer = match channel.transmit(&command) {
            Err(ChannelError::WasReset) => channel.transmit(&command),
            answered => answered,
        }?;
        let response = Response::parse(&answer).ok_or(ChannelError::Truncated)?;
        match response.status {
            StatusWord::Success => Ok(Self::parse(&response.data)),
            status_word => Err(TokenError::Unexpected {
                operation: Operation::GetData,
                status_word,
            }),
        }
    }

    fn parse(data: &[u8]) -> Self {
        let objects = DataObjects::new(data);
        let find = |tag| objects.clone().find(tag);
        let mode = if find(0x84) == Some(&[0]) {
            None
        } else if find(0x80) != Some(&[1]) {
            Some(Mode::TripleDes)
        } else if find(0x87) == Some(&[1]) {
            Some(Mode::Cmac)
        } else {
            Some(Mode::Aes)
        };
        let serial = find(0x85)
            .and_then(|value| value.last_chunk::<8>())
            .map(|serial| serial.to_vec());
        Self { mode, serial }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers published by owners of tokens, and one that switches secure messaging off.
    #[test]
    fn published_answers() {
        let cases: [(&str, Option<Mode>, Option<&str>); 7] = [
            ("80010181021DD5820103", Some(Mode::Aes), None),
            ("800101810201D582010383020000", Some(Mode::Aes), None),
            ("800101810201D582010483020900840101", Some(Mode::Aes), None),
            (
                "800101810201D582010383020000840101850A002424ED288A80390026860100",
                Some(Mode::Aes),
                Some("24ed288a80390026"),
            ),
            (
                "80010181021DD482010083020000840101850A07552E6F44EB001A0003860100870101",
                Some(Mode::Cmac),
                Some("2e6f44eb001a0003"),
            ),
            (
                "80010281021DD582010383020000840101",
                Some(Mode::TripleDes),
                None,
            ),
            ("80010181021DD582010383020000840100", None, None),
        ];
        for (answer, mode, serial) in cases {
            let capabilities = Capabilities::parse(&hex::decode(answer).unwrap());
            let serial = serial.map(|serial| hex::decode(serial).unwrap());
            assert_eq!(capabilities, Capabilities { mode, serial }, "{answer}");
        }
    }
}
