using System.CommandLine;
using System.Globalization;
using Foreword.Cli.Options;

namespace Foreword.Cli.Commands.Study;

/// <summary>The options of every study that is a grid of cells.</summary>
internal sealed class GridArguments
{
    private readonly Option<string?> _output;
    private readonly Option<int> _seeds = new("--seeds") { Description = "Number of seeds of each cell, from that of the recipe on; without a recipe, from 0 on.", DefaultValueFactory = _ => 3 };
    private readonly Option<int> _jobs = new("--jobs") { Description = "Number of cells that are computed at a time, each in a process of its own.", DefaultValueFactory = _ => 1 };
    private readonly Option<bool> _keep = new("--keep") { Description = "Keep the runs of finished cells, with their weights." };
    private readonly Option<string?> _cell = new("--cell") { Description = "Compute one cell and print its result as JSON.", Hidden = true };

    private readonly string _study;
    private readonly bool _hasSeeds;

    /// <summary>Creates the options.</summary>
    /// <param name="study">The name of the study.</param>
    /// <param name="hasSeeds">Whether cells depend on random numbers.</param>
    public GridArguments(string study, bool hasSeeds = true)
    {
        (_study, _hasSeeds) = (study, hasSeeds);
        _output = new("--out") { Description = $"Directory for the cells, the table, the picture and the page; default: studies/{study}. A study in it goes on." };
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[.. _hasSeeds ? (Option[])[_seeds, _keep] : [], _jobs, _output, _cell])
            command.Add(option);
    }

    /// <summary>Returns the number of seeds.</summary>
    public int Seeds(ParseResult parsed) => AtLeastOne(parsed, _seeds);

    /// <summary>Returns the number of cells that are computed at a time.</summary>
    public int Jobs(ParseResult parsed) => AtLeastOne(parsed, _jobs);

    /// <summary>Returns the directory of the study.</summary>
    /// <exception cref="IOException">It cannot be a directory.</exception>
    public string Output(ParseResult parsed) => OutputDirectory.Checked(parsed.GetValue(_output) ?? Path.Combine("studies", _study));

    /// <summary>Checks what can be wrong before any file is read: the number of jobs and the directory.</summary>
    /// <exception cref="UsageException">The number of jobs is below 1.</exception>
    /// <exception cref="IOException">The directory cannot be one.</exception>
    public void Check(ParseResult parsed) => _ = (Jobs(parsed), Output(parsed));

    /// <summary>Returns whether the runs of finished cells stay.</summary>
    public bool Keep(ParseResult parsed) => _hasSeeds && parsed.GetValue(_keep);

    /// <summary>Returns the name of the single cell that this process computes; null for the whole grid.</summary>
    public string? Cell(ParseResult parsed) => parsed.GetValue(_cell);

    private static int AtLeastOne(ParseResult parsed, Option<int> option) =>
        parsed.GetValue(option) is >= 1 and int count ? count : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} is {parsed.GetValue(option)}; it must be at least 1"));
}
