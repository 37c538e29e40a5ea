using System.CommandLine;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Studies.FineTuning;

namespace Foreword.Cli.Commands.Study;

/// <summary>Implements the studies that fine-tune: <c>foreword study transfer</c>, <c>ablation</c> and <c>examples</c>.</summary>
internal static class FineTuneStudies
{
    public static IEnumerable<Command> Create(Terminal terminal) => [Transfer(terminal), Ablation(terminal), Examples(terminal)];

    private static Command Transfer(Terminal terminal)
    {
        Option<string?> layers = new("--layers") { Description = "Numbers of transferred blocks, separated by commas; default: all from 0 to the model's number." };
        return Command(terminal, FineTunePlans.Transfer, "Plot what each transferred layer brings (GPT-1 paper, figure 2 left).",
            "foreword study transfer runs/books --datasets cola,rte --data data", [layers],
            (parsed, sets, seeds) => FineTuneGrids.Transfer(sets, NumberList.Of(parsed, layers) ?? [.. Enumerable.Range(0, Blocks(sets) + 1)], seeds));
    }

    private static Command Ablation(Terminal terminal)
    {
        Option<string?> lstm = new("--lstm") { Description = "A pre-trained LSTM model, for the table's last row." };
        return Command(terminal, FineTunePlans.Ablation, "Compare full fine-tuning with its ablations (GPT-1 paper, table 5).",
            "foreword study ablation recipes/finetune-snli.yaml recipes/finetune-sts.yaml --model runs/books --data data", [lstm],
            (parsed, sets, seeds) => FineTuneGrids.Ablation(sets, parsed.GetValue(lstm), seeds));
    }

    private static Command Examples(Terminal terminal)
    {
        Option<string> counts = new("--examples") { Description = "Numbers of training examples, separated by commas.", DefaultValueFactory = _ => "30,100,300,1000" };
        return Command(terminal, FineTunePlans.Examples, "Plot what pre-training saves in labels: accuracy over the number of labeled examples.",
            "foreword study examples runs/books --datasets banking77,snli --data data --examples 100,1000", [counts],
            (parsed, sets, seeds) =>
            {
                int[] numbers = NumberList.Of(parsed, counts)!;
                return numbers[0] >= 2 ? FineTuneGrids.Examples(sets, numbers, seeds) : throw new UsageException($"--examples has {numbers[0]}; each number must be at least 2");
            });
    }

    private static Command Command(
        Terminal terminal, Foreword.Studies.Results.StudyPlan plan, string description, string example, IReadOnlyList<Option> own, Func<ParseResult, IReadOnlyList<LabeledSet>, int, IReadOnlyList<FineTuneCell>> cells)
    {
        SetArguments sets = new();
        GridArguments grid = new(plan.Name);
        Command command = new Command(plan.Name, description).WithExample(example);
        sets.AddTo(command);
        foreach (Option option in own)
            command.Add(option);
        grid.AddTo(command);
        command.SetAction(parsed =>
        {
            int seeds = grid.Seeds(parsed);
            grid.Check(parsed);
            return new GridCommand(terminal, plan, grid).Run(parsed, cells(parsed, sets.Read(parsed), seeds));
        });
        return command;
    }

    /// <summary>Returns the number of blocks of the sets' models, which must be the same.</summary>
    private static int Blocks(IReadOnlyList<LabeledSet> sets)
    {
        (string Name, int Blocks)[] all = [.. sets.Select(set => set.Recipe.Model.Path).Distinct().Select(path => (path, BlocksOf(path)))];
        return all.FirstOrDefault(other => other.Blocks != all[0].Blocks) is { Name: { } name } different
            ? throw new InvalidDataException($"{all[0].Name} has {all[0].Blocks} blocks and {name} has {different.Blocks}; a study has one axis")
            : all[0].Blocks;
    }

    private static int BlocksOf(string model)
    {
        using StoredModel stored = StoredModel.Open(model);
        return stored.Config.LayerCount;
    }
}
