using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Foreword.Cli.Tests;

/// <summary>
/// Checks that every C# program on a page compiles as it stands there, in a program that sees the public API only. ReadmeTests and ProgramOutsideTheTreeTests
/// run the README's programs.
/// </summary>
public sealed class SnippetsTests
{
    /// <summary>What a console program or a web program of the SDK uses without saying so.</summary>
    private static readonly string[] ImplicitUsings =
    [
        "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading", "System.Threading.Tasks",
        "Microsoft.AspNetCore.Builder", "Microsoft.AspNetCore.Http", "Microsoft.AspNetCore.Routing", "Microsoft.Extensions.DependencyInjection",
    ];

    public static TheoryData<string, string> Shown =>
        [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "pages")).Order().SelectMany(page => Blocks(page).Select(block => (Path.GetFileName(page), block)))];

    [Theory, MemberData(nameof(Shown))]
    public void EveryProgramThatIsShownCompiles(string page, string program)
    {
        string? web = WebAssemblies();
        Assert.SkipWhen(web is null && program.Contains("WebApplication", StringComparison.Ordinal), "ASP.NET Core is not installed");
        Assert.Equal($"{page}: ", $"{page}: {string.Join('\n', Errors(program, web))}");
    }

    [Fact]
    public void AProgramThatDoesNotCompileIsNoticed()
    {
        Assert.NotEmpty(Shown);
        Assert.Contains("CS1501", Assert.Single(Errors("using Foreword; TextModel.Load();", null)), StringComparison.Ordinal);
        Assert.Contains("CS0122", Assert.Single(Errors("using Foreword.Cpu; CpuTaskModel.Load(\"x\");", null)), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Blocks(string page) =>
        File.ReadAllText(page).Split("```").Where((_, i) => i % 2 == 1).Where(block => block.StartsWith("csharp\n", StringComparison.Ordinal)).Select(block => block["csharp\n".Length..]);

    private static string[] Errors(string program, string? web)
    {
        string usings = string.Concat(ImplicitUsings.Where(name => web is not null || name.StartsWith("System", StringComparison.Ordinal)).Select(name => $"global using {name};\n"));
        IEnumerable<string> assemblies = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        if (web is not null)
            assemblies = assemblies.Concat(Directory.EnumerateFiles(web, "Microsoft.*.dll")).DistinctBy(Path.GetFileName);
        CSharpCompilation compilation = CSharpCompilation.Create(
            "snippet", [CSharpSyntaxTree.ParseText(program), CSharpSyntaxTree.ParseText(usings)],
            assemblies.Select(path => MetadataReference.CreateFromFile(path)), new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        return [.. compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).Select(diagnostic => diagnostic.ToString())];
    }

    /// <summary>Returns the directory of ASP.NET Core's assemblies beside those of the running .NET; null if it is not installed.</summary>
    private static string? WebAssemblies()
    {
        DirectoryInfo runtime = new(Path.GetDirectoryName(typeof(object).Assembly.Location)!);
        string web = Path.Combine(runtime.Parent!.Parent!.FullName, "Microsoft.AspNetCore.App", runtime.Name);
        return Directory.Exists(web) ? web : null;
    }
}
