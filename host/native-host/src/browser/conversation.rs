//! The prompt window in the extension, as commands see it.

use std::sync::mpsc::Receiver;

use kagibashi_card::cancel::Cancel;
use kagibashi_protocol::Failure;
use kagibashi_protocol::message::MessageToExtension;
use kagibashi_protocol::object::Site;
use kagibashi_protocol::view::{Answer, Operation, View};

use super::operation::EndedBy;
use super::outbox::Outbox;
use crate::prompt::{Happening, Prompt};

/// What reaches a request that is going on.
pub enum Inbound {
    /// The person answered a prompt, perhaps an older one.
    Answer {
        /// Its number.
        prompt: u32,
        /// What was said.
        answer: Answer,
    },
    /// A token came or went.
    TokensChanged,
    /// The request was ended from outside.
    Ended,
}

/// One request's prompts and answers.
pub struct Conversation {
    request: u32,
    operation: Operation,
    site: Option<Site>,
    outbox: Outbox,
    inbound: Receiver<Inbound>,
    cancel: Cancel,
    ended_by: EndedBy,
    shown: u32,
}

impl Conversation {
    /// A conversation in which nothing was shown yet.
    pub fn new(
        request: u32,
        operation: Operation,
        site: Option<Site>,
        outbox: Outbox,
        inbound: Receiver<Inbound>,
        cancel: Cancel,
        ended_by: EndedBy,
    ) -> Self {
        Self {
            request,
            operation,
            site,
            outbox,
            inbound,
            cancel,
            ended_by,
            shown: 0,
        }
    }

    /// A token that goes and comes back at once is one change, and answers to
    /// what was shown before it are void.
    fn settle(&mut self) -> Result<Happening, Failure> {
        while let Ok(inbound) = self.inbound.try_recv() {
            if matches!(inbound, Inbound::Ended) {
                return Err(self.ended_by());
            }
        }
        Ok(Happening::TokensChanged)
    }
}

impl Prompt for Conversation {
    fn show(&mut self, view: View) -> Result<(), Failure> {
        if self.cancel.is_cancelled() {
            return Err(self.ended_by());
        }
        self.shown += 1;
        self.outbox.send(&MessageToExtension::Prompt {
            request: self.request,
            prompt: self.shown,
            operation: self.operation,
            site: self.site.clone(),
            view,
        });
        Ok(())
    }

    fn next(&mut self) -> Result<Happening, Failure> {
        loop {
            match self.inbound.recv() {
                Ok(Inbound::Answer { prompt, answer }) if prompt == self.shown => {
                    return Ok(Happening::Answered(answer));
                }
                Ok(Inbound::Answer { .. }) => {}
                Ok(Inbound::TokensChanged) => return self.settle(),
                Ok(Inbound::Ended) | Err(_) => return Err(self.ended_by()),
            }
        }
    }

    fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    fn ended_by(&self) -> Failure {
        self.ended_by.failure()
    }
}
