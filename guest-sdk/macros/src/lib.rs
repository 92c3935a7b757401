//! The attributes of `innkeeper-guest`, which documents and exports them: what makes a component of a function.

mod alert;
mod expand;

use proc_macro::TokenStream;

use expand::World;

/// Makes a job of a function: `fn run(request: Request) -> Result<Report>`, with any name.
///
/// It gets the [`Request`](../innkeeper_guest/struct.Request.html) and returns what can become a report: a `Report`,
/// text, `Blocks`, `Code`, a `File`, or `()`. `?` works with every error. The crate is a `cdylib`, and exports the
/// world `job` once it is built for `wasm32-wasip2`. It has one such function.
#[proc_macro_attribute]
pub fn job(attribute: TokenStream, function: TokenStream) -> TokenStream {
    expand::expand(World::Job, attribute.into(), function.into()).into()
}

/// Makes a report format of a function: `fn format(run: Finished) -> Result<Message>`, with any name.
///
/// It gets the [`Finished`](../innkeeper_guest/struct.Finished.html) run and returns what can become a message: a
/// `Message`, text, `Blocks`, a `Post` or a `File`. `?` works with every error. The crate is a `cdylib`, and exports
/// the world `report-format` once it is built for `wasm32-wasip2`. It has one such function.
#[proc_macro_attribute]
pub fn report_format(attribute: TokenStream, function: TokenStream) -> TokenStream {
    expand::expand(World::ReportFormat, attribute.into(), function.into()).into()
}

/// Makes an alert plugin of an `impl Plugin for …`.
///
/// The [`Plugin`](../innkeeper_guest/alert/trait.Plugin.html) says what it is and turns an alert into deliveries. Who wrote it
/// and its version are those of its `Cargo.toml`, where it does not say. The crate is a `cdylib`, and exports the world `alert`
/// once it is built for `wasm32-wasip2`. It has one such `impl`.
#[proc_macro_attribute]
pub fn alert_plugin(attribute: TokenStream, implementation: TokenStream) -> TokenStream {
    alert::expand(&attribute.into(), implementation.into()).into()
}
