using System.CommandLine;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Weights.Catalog;
using Foreword.Weights.Quantized;

namespace Foreword.Cli.Inspection;

/// <summary>Implements <c>foreword inspect</c>, which prints what a file or directory is and what it contains.</summary>
internal static class InspectCommand
{
    /// <summary>The kinds that can be inspected. The first kind that recognizes the path shows it.</summary>
    private static readonly Kind[] Kinds =
    [
        new("a directory of token shards", ShardInspection.IsDirectory, ShardInspection.ShowDirectory),
        new("a token shard (.bin)", ShardInspection.IsShard, ShardInspection.ShowShard),
        new("a quantized model", QuantizedModelFormat.IsIn, QuantizedInspection.Show),
        new("a model in any format, a checkpoint or a run directory", ModelInspection.IsModel, ModelInspection.Show),
        new("a recipe (.yaml)", RecipeInspection.IsRecipe, RecipeInspection.Show),
    ];

    private const string Table = "a table of examples (.csv, .tsv, .jsonl, .parquet)";

    public static Command Create(Terminal terminal)
    {
        Argument<string> path = new("PATH") { Description = $"What to inspect: {string.Join(", ", Kinds.Select(kind => kind.Name).Append(Table))}." };
        TableArguments tables = new("For a table: the columns to inspect; default: all.");
        Option<bool> json = new("--json") { Description = "Print one JSON object." };
        Command command = new Command("inspect", "Show what a file or directory contains.") { path, json }
            .WithExample("foreword inspect shards");
        tables.AddTo(command);
        command.SetAction(parsed =>
        {
            string given = parsed.GetValue(path)!;
            if (!File.Exists(given) && !Directory.Exists(given))
                given = ModelDirectory.Downloaded(given) ?? throw new FileNotFoundException($"{given} does not exist");
            if (tables.SaysTable(parsed) || TableInspection.IsTable(given))
            {
                TableInspection.Show(given, tables.Columns(parsed), tables.Options(parsed, [given], null, terminal.Warn), tables.MaxExamples(parsed), parsed.GetValue(json), terminal);
                return ExitCodes.Done;
            }

            if (tables.FirstGiven(parsed) is { } option)
                throw new UsageException($"{option} is for tables; give the format of {given}, such as --format csv");
            Kind kind = Kinds.FirstOrDefault(kind => kind.Recognizes(given))
                ?? throw new InvalidDataException($"{given} is not one of the kinds that inspect supports: {string.Join(", ", Kinds.Select(kind => kind.Name).Append(Table))}");
            kind.Show(given, parsed.GetValue(json), terminal);
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>A kind of file or directory that can be inspected.</summary>
    /// <param name="Name">Name in the help, such as "a token shard".</param>
    /// <param name="Recognizes">Returns whether an existing path is of this kind. Looks only at file names.</param>
    /// <param name="Show">Prints the contents of the path, as JSON or as text.</param>
    private sealed record Kind(string Name, Func<string, bool> Recognizes, Action<string, bool, Terminal> Show);
}
