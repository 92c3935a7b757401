use super::*;

/// What the compiler says of a function.
fn said(world: World, attribute: TokenStream, function: TokenStream) -> String {
    let written = expand(world, attribute, function).to_string();
    match written.split_once("compile_error ! { \"") {
        Some((_, rest)) => rest.split('"').next().unwrap_or_default().to_owned(),
        None => String::new(),
    }
}

fn said_of_job(function: TokenStream) -> String {
    said(World::Job, TokenStream::new(), function)
}

#[test]
fn functions_of_the_right_shape_are_exported() {
    assert_eq!(
        said_of_job(quote!(
            fn run(request: Request) -> Result<Report> {
                todo()
            }
        )),
        ""
    );
    let format = quote!(
        pub fn anything(_: Finished) -> Result<String, Mine> {
            todo()
        }
    );
    assert_eq!(said(World::ReportFormat, TokenStream::new(), format), "");
}

#[test]
fn what_is_wrong_with_others_is_said_with_the_right_shape() {
    let shape = "#[job] wants `fn run(request: Request) -> Result<Report>`";
    let cases = [
        (
            quote!(
                async fn run(request: Request) -> Result<Report> {}
            ),
            "a guest works on one thing at a time, so the function is not `async`",
        ),
        (
            quote!(
                unsafe fn run(request: Request) -> Result<Report> {}
            ),
            "the host calls it with nothing to watch out for, so the function is not `unsafe`",
        ),
        (
            quote!(
                fn run<T>(request: T) -> Result<Report> {}
            ),
            "the host calls it with one type, so the function is not generic",
        ),
        (
            quote!(
                fn run(&self) -> Result<Report> {}
            ),
            "it has to be a function, not a method",
        ),
        (
            quote!(
                fn run() -> Result<Report> {}
            ),
            "it has one parameter, here are 0",
        ),
        (
            quote!(
                fn run(request: Request) {}
            ),
            "it returns a `Result`",
        ),
    ];
    for (function, expected) in cases {
        assert_eq!(said_of_job(function), format!("{expected}. {shape}"));
    }
    assert_eq!(
        said_of_job(quote!(
            struct Job;
        )),
        "#[job] stands before a function: `fn run(request: Request) -> Result<Report>`"
    );
    assert_eq!(
        said(
            World::ReportFormat,
            quote!(name = "x"),
            quote!(
                fn f(run: Finished) -> Result<Message> {}
            )
        ),
        "#[report_format] takes nothing in brackets. #[report_format] wants `fn format(run: Finished) -> \
         Result<Message>`"
    );
}
