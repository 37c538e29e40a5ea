using Foreword.Data.Recipes;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Runs;
using Foreword.Torch.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Optimizers;

/// <summary>An optimizer of a program's own trains, and its state is saved and restored with the run.</summary>
public sealed class CustomOptimizerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ARunLearnsAndResumesWithIt()
    {
        string text = _directory.Write("corpus.txt", string.Concat(Enumerable.Range(0, 400).Select(i => $"Line {i} says that {i % 7} is a number.\n")));
        PretrainRecipe recipe = new()
        {
            Model = new ModelSection { NLayer = 1, NHead = 1, NEmbd = 16, ContextLength = 16, Dropout = 0 },
            Data = new DataSection { Text = [text], VocabSize = 270, Validation = 0.1 },
            Train = new TrainingConfig { Steps = 8, BatchSize = 4, Lr = 0.1, WarmupSteps = 1, LogEvery = 1, EvalEvery = 0, EvalBatches = 1, CheckpointEvery = 4, Keep = 0, Threads = 2 },
        };
        RunDirectory directory = RunDirectory.Create(_directory.File("run"));
        using (PretrainRun run = PretrainRun.Start(recipe, directory, optimizer: Momentum.Create, cancellationToken: TestContext.Current.CancellationToken))
            run.Run(TestContext.Current.CancellationToken);
        RunMetrics whole = RunMetrics.Read(directory.MetricsPath);
        Assert.True(whole.Steps[^1].Loss < whole.Steps[0].Loss, $"{whole.Steps[0].Loss} -> {whole.Steps[^1].Loss}");

        using (PretrainRun run = PretrainRun.Resume(recipe, directory, directory.Checkpoints[0], optimizer: Momentum.Create, cancellationToken: TestContext.Current.CancellationToken))
            run.Run(TestContext.Current.CancellationToken);
        Assert.Equal(whole.Steps.Select(step => step.Loss), RunMetrics.Read(directory.MetricsPath).Steps.Select(step => step.Loss));

        // Without the optimizer, the checkpoint does not fit.
        Assert.ThrowsAny<Exception>(() => PretrainRun.Resume(recipe, directory, directory.Checkpoints[0]).Dispose());
    }

    /// <summary>If the path cannot be created after the optimizer, the optimizer is disposed.</summary>
    [Fact]
    public void APretrainerThatCannotBeCreatedDisposesItsOptimizer()
    {
        string text = _directory.Write("corpus.txt", string.Concat(Enumerable.Range(0, 400).Select(i => $"Line {i}.\n")));
        PretrainRecipe recipe = new()
        {
            Model = new ModelSection { NLayer = 1, NHead = 1, NEmbd = 16, ContextLength = 16, Dropout = 0 },
            Data = new DataSection { Text = [text], VocabSize = 270, Validation = 0.1 },
            Train = new TrainingConfig { Steps = 1, BatchSize = 4, Threads = 1 },
        };
        using PretrainRun run = PretrainRun.Start(recipe, RunDirectory.Create(_directory.File("run")), cancellationToken: TestContext.Current.CancellationToken);
        LanguageModule model = LanguageModule.Create(run.Model.Config, 1);
        Momentum? optimizer = null;
        Assert.ThrowsAny<Exception>(() => new Pretrainer(model, run.Data.Train, null, recipe.Train, (parameters, _, _) =>
        {
            optimizer = new Momentum(parameters);
            model.Dispose(); // the path reads the model after this
            return optimizer;
        }));
        Assert.All(optimizer!.State, state => Assert.True(state.Value.IsInvalid));
    }

    /// <summary>An optimizer of a program's own: gradient descent with momentum.</summary>
    private sealed class Momentum(IReadOnlyList<(string Name, Parameter Value)> parameters) : Optimizer(parameters)
    {
        private readonly (string Name, Parameter Value, Tensor Velocity)[] _parameters =
            [.. parameters.Select(p => (p.Name, p.Value, zeros_like(p.Value).detach().DetachFromDisposeScope()))];

        public static Optimizer Create(IReadOnlyList<(string Name, Parameter Value)> parameters, AdamWOptions options, Precision precision) => new Momentum(parameters);

        public override IEnumerable<(string Name, Tensor Value)> State => _parameters.Select(p => (p.Name + ".velocity", p.Velocity));

        public override void Dispose()
        {
            foreach (var (_, _, velocity) in _parameters)
                velocity.Dispose();
        }

        protected override void Update(double rate, double gradientScale)
        {
            foreach (var (_, value, velocity) in _parameters)
            {
                if (value.grad is not { } gradient)
                    continue;
                velocity.mul_(0.9).add_(gradient, gradientScale);
                value.add_(velocity, -rate);
            }
        }
    }
}
