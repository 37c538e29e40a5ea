using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Runs;

namespace Foreword.Torch.Tests.Runtime;

/// <summary>The README's example finds libtorch in a user's program, with a project reference and with a package reference.</summary>
public sealed class ProgramOutsideTheTreeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ItRunsFromDotnetRunTestAndPublish(bool asPackage)
    {
        Assert.SkipWhen(ProgramOutsideTheTree.Repository is null, "these tests run outside the repository");
        using ProgramOutsideTheTree program = new();
        program.Write(asPackage);
        FineTune(program.Path);
        program.Build();

        string answer = program.RunBuilt("run", "--project", "app");
        Assert.Matches(@"^(card|transfer) \(\d+ ?%\)\s*$", answer);
        program.RunBuilt("publish", "app", "-o", "published");
        Assert.Equal(answer, program.Run(Path.Combine(program.Path, "published", "app")));
        program.RunBuilt("test", "--project", "tests");
    }

    /// <summary>Trains the smallest possible run, runs/banking.</summary>
    private static void FineTune(string directory)
    {
        string train = Path.Combine(directory, "train.csv"), model = Path.Combine(directory, "base");
        File.WriteAllText(train, "text,label\n" + string.Concat(Enumerable.Range(0, 16).Select(i => i % 2 == 0 ? $"my card {i},card\n" : $"my money {i},transfer\n")));
        Tokenizer tokenizer = new BpeTrainer { VocabSize = 260 }.Train([File.ReadAllText(train)]);
        tokenizer.Save(Directory.CreateDirectory(model).FullName);
        using (GptModel weights = new(new GptConfig { NLayer = 1, NHead = 1, NEmbd = 8, ContextLength = 64, VocabSize = tokenizer.VocabSize }, seed: 1))
            ModelFiles.Save(weights, model, TextEnds.FromTokenizer(tokenizer));

        FineTuneRecipe recipe = new()
        {
            Model = new BaseModelSection { Path = model },
            Task = new TaskSection { Kind = "classification" },
            Data = new LabeledSection { Train = [train] },
            Train = new FineTuneConfig { Epochs = 1, BatchSize = 8, Threads = 1 },
        };
        using FineTuneRun run = FineTuneRun.Start(recipe, RunDirectory.Create(Path.Combine(directory, "runs", "banking")));
        run.Run(TestContext.Current.CancellationToken);
    }
}
