//! The ways out: one implementer of `innkeeper_core::outbox::Target` a file.
