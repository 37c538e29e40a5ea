using System.Diagnostics;

namespace Foreword.Cpu.Tests;

/// <summary>
/// Checks that Foreword.NativeAot prints the same however it was compiled and trimmed. It uses everything that a program of a user may use.
/// </summary>
public class NativeAotTests
{
    private const string Variable = "FOREWORD_TEST_NATIVE_AOT";

    [Fact]
    public void WithTheSwitchesOfATrimmedProgramEverythingGivesTheSame()
    {
        string own = Path.Combine(AppContext.BaseDirectory, "Foreword.Cpu.Tests.runtimeconfig.json"); // switches nothing off
        Assert.Contains("\"System.Text.Json.JsonSerializer.IsReflectionEnabledByDefault\": false", File.ReadAllText(Path.ChangeExtension(Program, ".runtimeconfig.json")));
        Assert.Equal(Run(Dotnet, "exec", "--runtimeconfig", own, Program), Run(Dotnet, "exec", Program));
    }

    [Fact]
    public void CompiledAheadOfTimeEverythingGivesTheSame()
    {
        string? published = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(published), $"{Variable} names no Foreword.NativeAot that was published as CONTRIBUTING.md says");
        Assert.Equal(Run(Dotnet, "exec", Program), Run(published));
    }

    private static string Dotnet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static string Program => Path.Combine(AppContext.BaseDirectory, "Foreword.NativeAot.dll");

    private static string[] Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, [.. arguments, Fixtures.Path("")]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string[] lines = process.StandardOutput.ReadToEnd().Split('\n');
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        Assert.True(lines.Length > 1000, $"only {lines.Length} lines");
        return lines;
    }
}
