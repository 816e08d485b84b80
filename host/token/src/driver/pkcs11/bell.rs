//! Who wants to know at once that the tokens of modules may be others than before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Called on any thread; it must not wait for a module.
pub type Listener = dyn Fn() + Send + Sync;

/// Rung when a token may have come or gone.
#[derive(Default)]
pub struct Bell {
    listeners: Mutex<Vec<Weak<Listener>>>,
}

impl Bell {
    /// Calls that one from now on, as long as somebody has it.
    pub fn listen(&self, listener: &Arc<Listener>) {
        self.lock().push(Arc::downgrade(listener));
    }

    /// Whether anybody would hear it.
    pub fn is_heard(&self) -> bool {
        !self.listeners().is_empty()
    }

    pub fn ring(&self) {
        for listener in self.listeners() {
            listener();
        }
    }

    fn listeners(&self) -> Vec<Arc<Listener>> {
        let mut listeners = self.lock();
        listeners.retain(|listener| listener.strong_count() > 0);
        listeners.iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Listener>>> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
