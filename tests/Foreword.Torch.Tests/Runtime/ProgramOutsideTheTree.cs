using System.Diagnostics;
using System.Reflection;

namespace Foreword.Torch.Tests.Runtime;

/// <summary>
/// A user's program and its tests in a separate directory, to which none of this repository's build files apply. They refer to Foreword.Torch
/// by project or by package, and load the fine-tuned model of the README's example.
/// </summary>
internal sealed class ProgramOutsideTheTree : IDisposable
{
    private static readonly string Configuration = typeof(ProgramOutsideTheTree).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;

    /// <summary>Builds in one process. Further ones would start anew with every command, which takes longer than they save.</summary>
    private const string OneNode = "-m:1";

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    /// <summary>Gets the directory in which the program runs.</summary>
    public string Path => _directory.Path;

    /// <summary>Gets the path of this repository, or null if the tests run outside it.</summary>
    public static string? Repository
    {
        get
        {
            DirectoryInfo? directory = new(AppContext.BaseDirectory);
            while (directory is not null && !File.Exists(System.IO.Path.Combine(directory.FullName, "Foreword.slnx")))
                directory = directory.Parent;
            return directory?.FullName;
        }
    }

    private static string Source => System.IO.Path.Combine(Repository!, "src");

    /// <summary>Writes the program and its tests.</summary>
    /// <param name="asPackage">Whether they refer to a package, which is packed first. Otherwise they refer to the project.</param>
    public void Write(bool asPackage)
    {
        string reference = asPackage ? """<PackageReference Include="Foreword.Torch" Version="*-*" />""" : $"""<ProjectReference Include="{Source}/Foreword.Torch/Foreword.Torch.csproj" />""";
        if (asPackage)
        {
            foreach (string project in (string[])["Foreword", "Foreword.Data", "Foreword.Torch"])
                Dotnet("pack", $"{Source}/{project}", "--no-build", "-c", Configuration, "-o", "source", OneNode);
        }

        // New packages are restored into this directory. Packages that the machine already has, above all libtorch, are read from their location.
        foreach (string nothing in (string[])["Directory.Build.targets", "Directory.Packages.props"])
            _directory.Write(nothing, "<Project />");
        _directory.Write("Directory.Build.props", $"""
            <Project>
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <OutputType>Exe</OutputType>
                <ImplicitUsings>enable</ImplicitUsings>
                <NuGetAudit>false</NuGetAudit>
                <RestoreAdditionalProjectSources Condition="'{asPackage}' == 'True'">{Path}/source</RestoreAdditionalProjectSources>
                <RestorePackagesPath>{Path}/packages</RestorePackagesPath>
                <RestoreFallbackFolders>{PackageFolder()}</RestoreFallbackFolders>
                <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
                <CreateHardLinksForPublishFilesIfPossible>true</CreateHardLinksForPublishFilesIfPossible>
              </PropertyGroup>
            </Project>
            """);
        _directory.Write("global.json", """{ "test": { "runner": "Microsoft.Testing.Platform" } }""");
        _directory.Write("app/app.csproj", $"""<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>{reference}</ItemGroup></Project>""");
        _directory.Write("app/Program.cs", ReadmeExample());
        _directory.Write("tests/tests.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <ItemGroup><ProjectReference Include="../app/app.csproj" /><PackageReference Include="xunit.v3" Version="4.0.2" /></ItemGroup>
            </Project>
            """);
        _directory.Write("tests/ModelTests.cs", $$"""
            public class ModelTests
            {
                [Xunit.Fact]
                public void Answers()
                {
                    using var model = Foreword.TaskModel.Load("{{Path}}/runs/banking", new Foreword.Torch.TorchEngine());
                    Xunit.Assert.Contains(model.Predict("My card").Label, model.Task.Labels);
                }
            }
            """);
    }

    /// <summary>Builds the program and its tests. Two versions of one library are an error: the program would find the wrong one.</summary>
    public void Build() => Dotnet("build", "tests", "-c", Configuration, "-warnaserror:MSB3277;NU1605;NU1608", "-v", "q", OneNode);

    /// <summary>Runs an SDK command on the build output and returns what it printed.</summary>
    public string RunBuilt(params string[] arguments) => Dotnet([.. arguments, "--no-build", "-c", Configuration]);

    /// <summary>Runs a program in this directory and returns what it printed.</summary>
    public string Run(string program, params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path };
        // Build servers would keep the pipes and this directory open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', start.ArgumentList)}\n{output}{errors.Result}");
        return output;
    }

    public void Dispose() => _directory.Dispose();

    private string Dotnet(params IEnumerable<string> arguments) => Run(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments);

    /// <summary>Returns the folder of restored packages, which the command prints after "global-packages: ".</summary>
    private string PackageFolder() => Dotnet("nuget", "locals", "global-packages", "--list").Split(": ", 2)[1].Trim();

    /// <summary>Returns the README's program that loads a fine-tuned model.</summary>
    private static string ReadmeExample() =>
        File.ReadAllText($"{Repository}/README.md").Split("```").Single(block => block.StartsWith("csharp", StringComparison.Ordinal) && block.Contains("new TorchEngine()"))["csharp".Length..];
}
