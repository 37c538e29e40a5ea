using Foreword;
using Foreword.Data.Reading;
using Foreword.Data.Recipes;
using Foreword.Progress;
using Foreword.Tasks;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Runs;

string data = Path.Combine(AppContext.BaseDirectory, "data");
string runs = args is [var path] ? path : Directory.CreateTempSubdirectory("own-model").FullName;

// A language model, from text alone. The tokenizer is trained on the same text.
PretrainRecipe recipe = new()
{
    Model = new ModelSection { Preset = "gpt2", NLayer = 2, NHead = 2, NEmbd = 64, ContextLength = 64, Dropout = 0 },
    Data = new DataSection { Text = [Path.Combine(data, "letters.txt")], VocabSize = 512, Document = DocumentUnit.Line, Validation = 0.05 },
    Train = new TrainingConfig { Steps = 120, BatchSize = 16, SequenceLength = 32, Lr = 3e-3, MinLr = 3e-4, WarmupSteps = 10, EvalEvery = 60, CheckpointEvery = 60 },
};
RunDirectory pretraining = RunDirectory.Create(Path.Combine(runs, "letters"));
using (PretrainRun run = PretrainRun.Start(recipe, pretraining, new SynchronousProgress<PretrainEvent>(Tell)))
    run.Run();

// What it writes, in plain C#.
using (TextModel model = TextModel.Load(pretraining.Path))
    Console.WriteLine($"My sister{model.Generate("My sister", new() { MaxTokens = 24, Seed = 1, Temperature = 0.5 })}");

// A task on top of it: which letters are about cards and which about transfers?
FineTuneRecipe task = new()
{
    Model = new BaseModelSection { Path = pretraining.Path },
    Task = new TaskSection { Kind = "classification" },
    Data = new LabeledSection { Train = [Path.Combine(data, "labeled.csv")] },
    Train = new FineTuneConfig { Epochs = 4, BatchSize = 16, Lr = 1e-3 },
};
RunDirectory finetuning = RunDirectory.Create(Path.Combine(runs, "topics"));
using (FineTuneRun run = FineTuneRun.Start(task, finetuning))
    run.Run();

using TaskModel topics = TaskModel.Load(finetuning.Path);
foreach (string letter in (string[])["My brother lost the card at the lake.", "When does the money arrive?"])
{
    Prediction answer = topics.Predict(letter);
    Console.WriteLine($"{answer.Label} ({answer.Probability:P0}): {letter}");
}

static void Tell(PretrainEvent happened)
{
    if (happened is PretrainEvent.Validated evaluated)
        Console.WriteLine($"step {evaluated.Metrics.Step}: validation loss {evaluated.Metrics.Loss:F2}");
}
