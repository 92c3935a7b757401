//! An outcome and a format become a message. Pure.
