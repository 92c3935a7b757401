//! The states of a request and of a run, and the moves between them. Pure.
