//! The states of a request and of a run, and the moves between them. Pure; the rows are in `store`.

pub mod state;

pub use state::{AskingState, DeliveryState, RequestMove, RequestState};
