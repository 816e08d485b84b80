//! A software card as a channel, in process.

use kagibashi_card::channel::{Channel, ChannelError};
use kagibashi_card_simulator::Card;

pub struct CardChannel(pub Card);

impl Channel for CardChannel {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        Ok(self.0.transmit(command))
    }

    fn reset(&mut self) -> Result<(), ChannelError> {
        self.0.reset();
        Ok(())
    }

    fn reset_at_end(&mut self) {
        // Nobody uses this card afterwards.
    }
}
