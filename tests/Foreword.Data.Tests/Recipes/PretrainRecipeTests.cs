using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Settings;

namespace Foreword.Data.Tests.Recipes;

public class PretrainRecipeTests
{
    [Fact]
    public void WithoutAnythingTheModelIsGpt2WithTheTokenizersVocabulary() =>
        Assert.Equal(new GptConfig { VocabSize = 300 }, new ModelSection().ToModelConfig(300));

    [Fact]
    public void TheArchitectureAloneMeansItsPublishedModel() =>
        Assert.Equal(GptConfig.Preset("gpt1") with { VocabSize = 300 }, new ModelSection { Architecture = ModelArchitecture.Gpt1 }.ToModelConfig(300));

    [Fact]
    public void NumbersWinOverThePreset() =>
        Assert.Equal(GptConfig.Preset("gpt2-tiny-5m") with { NLayer = 2, VocabSize = 300 }, new ModelSection { Preset = "gpt2-tiny-5m", NLayer = 2 }.ToModelConfig(300));

    [Fact]
    public void DropoutIsAShorthandThatSingleRatesWinOver()
    {
        GptConfig config = (GptConfig)new ModelSection { Dropout = 0.2, AttnDropout = 0 }.ToModelConfig(300);
        Assert.Equal((0.2, 0.0, 0.2), (config.EmbdDropout, config.AttnDropout, config.ResidDropout));
    }

    [Fact]
    public void AVocabularyMayBeLargerThanTheTokenizersButNotSmaller()
    {
        ModelSection model = new() { VocabSize = 320 };
        Assert.Equal(320, model.ToModelConfig(300).VocabSize);
        Assert.Equal("model.vocab_size is 320; the tokenizer has 321 ids (Parameter 'tokenizerVocabSize')", Assert.Throws<ArgumentException>(() => model.ToModelConfig(321)).Message);
    }

    [Theory]
    [InlineData(null, null, WeightInit.ScaledResidual)]
    [InlineData("gpt1", null, WeightInit.Normal)]
    [InlineData("gpt1", WeightInit.ScaledResidual, WeightInit.ScaledResidual)]
    [InlineData("gpt2", WeightInit.Normal, WeightInit.Normal)]
    public void TheWeightsAreDrawnTheArchitecturesWayUnlessToldOtherwise(string? preset, WeightInit? init, WeightInit expected) =>
        Assert.Equal(expected, new ModelSection { Preset = preset, Init = init }.WeightInit);

    [Fact]
    public void AResolvedRecipeSpellsEverythingOutAndMeansTheSame()
    {
        PretrainRecipe recipe = new() { Model = new ModelSection { Preset = "gpt1", Dropout = 0 }, Data = new DataSection { Shards = "s" } };
        PretrainRecipe resolved = recipe.Resolve(300);
        Assert.Equal(recipe.Model.ToModelConfig(300), resolved.Model.ToModelConfig(300));
        Assert.Equal((300, 12, WeightInit.Normal, null), (resolved.Model.VocabSize, resolved.Model.NLayer, resolved.Model.Init, resolved.Model.Dropout));
        Assert.Equal(512, resolved.Train.SequenceLength);
        Assert.Equal(resolved, resolved.Resolve(300));
    }

    [Fact]
    public void AnotherComputationStaysInTheResolvedRecipe()
    {
        PretrainRecipe recipe = new() { Model = new ModelSection { Preset = "gpt2", Activation = Activation.Relu, NInner = 100, ScaleAttention = false, ScaleAttentionByInverseLayer = true, FinalNorm = false }, Data = new DataSection { Shards = "s" } };
        PretrainRecipe resolved = recipe.Resolve(300);
        GptConfig config = (GptConfig)resolved.Model.ToModelConfig(300);
        Assert.Equal(new GptConfig { VocabSize = 300, Activation = Activation.Relu, FeedForwardWidth = 100, ScaleAttention = false, ScaleAttentionByInverseLayer = true, WithoutFinalNorm = true }, config);
        Assert.Equal(resolved, resolved.Resolve(300));
        string yaml = Recipe.ToYaml(resolved);
        Assert.Contains("activation: relu", yaml, StringComparison.Ordinal);
        Assert.Contains("n_inner: 100", yaml, StringComparison.Ordinal);
    }

    [Fact]
    public void AnLstmIsChosenByItsPresetOrItsArchitecture()
    {
        Assert.Equal(new LstmConfig { VocabSize = 300 }, new ModelSection { Preset = "lstm-2048" }.ToModelConfig(300));
        Assert.Equal(
            new LstmConfig { VocabSize = 300, NHidden = 128, NEmbd = 64, EmbdDropout = 0.2, HiddenDropout = 0 },
            new ModelSection { Architecture = ModelArchitecture.Lstm, NHidden = 128, NEmbd = 64, NLayer = 1, Dropout = 0.2, HiddenDropout = 0 }.ToModelConfig(300));
        PretrainRecipe recipe = new() { Model = new ModelSection { Preset = "lstm-tiny-5m", Dropout = 0 }, Data = new DataSection { Shards = "s" } };
        PretrainRecipe resolved = recipe.Resolve(300);
        Assert.Equal(recipe.Model.ToModelConfig(300), resolved.Model.ToModelConfig(300));
        Assert.Equal((864, WeightInit.Uniform, null), (resolved.Model.NHidden, resolved.Model.Init, resolved.Model.NLayer));
        Assert.Equal(256, resolved.Train.SequenceLength);
        Assert.Equal(resolved, resolved.Resolve(300));
        Assert.Contains("architecture: lstm", Recipe.ToYaml(resolved), StringComparison.Ordinal);
    }

    public static TheoryData<ModelSection, string> ImpossibleLstms => new()
    {
        { new() { Preset = "lstm-2048", NHead = 4 }, "n_head is 4; an LSTM has no such setting" },
        { new() { Preset = "lstm-2048", NLayer = 2 }, "n_layer is 2; an LSTM has no such setting" },
        { new() { Preset = "lstm-2048", Activation = Activation.Relu }, "activation is relu; an LSTM has no such setting" },
        { new() { Preset = "gpt1", FinalNorm = true }, "final_norm is true; a GPT-1 has no such setting" },
        { new() { Preset = "lstm-2048", ScaleAttention = false }, "scale_attention is false; an LSTM has no such setting" },
        { new() { Preset = "gpt2", NHidden = 4 }, "n_hidden is 4; a GPT has no such setting" },
        { new() { HiddenDropout = 0.5 }, "hidden_dropout is 0.5; a GPT has no such setting" },
        { new() { Preset = "gpt2", Architecture = ModelArchitecture.Lstm }, "architecture is lstm; a GPT's is gpt1 or gpt2" },
        { new() { Preset = "lstm-2048", Architecture = ModelArchitecture.Gpt1 }, "architecture is gpt1; an LSTM's is lstm" },
        { new() { Preset = "lstm-2048", Init = WeightInit.ScaledResidual }, "init is scaled_residual; the architecture is lstm, which has no such initialization" },
        { new() { Preset = "lstm-2048", Init = WeightInit.Normal }, "init is normal; the architecture is lstm, which has no such initialization" },
        { new() { Preset = "gpt2", Init = WeightInit.Uniform }, "init is uniform; the architecture is gpt2, which has no such initialization" },
    };

    [Theory, MemberData(nameof(ImpossibleLstms))]
    public void KeysOfTheOtherArchitectureAreRefused(ModelSection section, string problem)
    {
        RecipeProblem found = Assert.Single(section.Problems());
        Assert.Equal(problem, found.ToString());
    }

    [Fact]
    public void AnExistingLstmIsContinuedWithItsNumbers()
    {
        LstmConfig source = new() { NHidden = 64, NEmbd = 32, VocabSize = 300 };
        Assert.Equal(source with { ContextLength = 100, HiddenDropout = 0.3, EmbdDropout = 0.3 }, new ModelSection { Path = "m", ContextLength = 100, Dropout = 0.3 }.ToModelConfig(300, source));
        Assert.Contains("model.n_hidden is 65; m has 64", Refusal(new() { Path = "m", NHidden = 65 }), StringComparison.Ordinal);
        Assert.Contains("model.n_head is 2; an LSTM has no such setting", Refusal(new() { Path = "m", NHead = 2 }), StringComparison.Ordinal);
        Assert.Contains("model.lora_rank is 4; m is an LSTM, and adapters need the projections of a GPT's blocks", Refusal(new() { Path = "m", LoraRank = 4 }), StringComparison.Ordinal);
        Assert.Contains("model.freeze is 2; m has 1 layer", Refusal(new() { Path = "m", Freeze = 2 }), StringComparison.Ordinal);

        string Refusal(ModelSection section) => Assert.Throws<ArgumentException>(() => section.ToModelConfig(300, source)).Message;
    }

    public static TheoryData<DataSection, string> ImpossibleData => new()
    {
        { new() { Shards = "s", Text = ["a"], VocabSize = 300 }, "shards and data.text are both given; only one of them can define the tokens (an empty data.text removes the text)" },
        { new() { Shards = "s", VocabSize = 300 }, "vocab_size is 300; shards already have a vocabulary (this key is only for data.text)" },
        { new() { Text = ["a"] }, "tokenizer and data.vocab_size are both missing; set a tokenizer directory, or the size of a vocabulary to train on the text" },
        { new() { Text = ["a"], Tokenizer = "t", VocabSize = 300 }, "tokenizer and data.vocab_size are both given; a tokenizer already has a vocabulary" },
        { new() { Text = ["a"], VocabSize = 256 }, "vocab_size is 256; it must be at least 257" },
        { new() { Text = ["a", " "], VocabSize = 300 }, "text has an empty path" },
        { new() { Shards = "s", Validation = 0.1 }, "validation is given; shards already contain tokens (this key is only for data.text)" },
        { new() { Shards = "s", ValidationRun = 2 }, "validation_run is given; shards already contain tokens (this key is only for data.text)" },
        { new() { Shards = "s", TextField = "body" }, "text_field is given; shards already contain tokens (this key is only for data.text)" },
        { new() { Text = ["a"], Tokenizer = "t", Validation = 0.7 }, "validation is 0.7; it must be 0 or between 0.0001 and 0.5" },
        { new() { Text = ["a"], Tokenizer = "t", Validation = 0.00001 }, "validation is 1E-05; it must be 0 or between 0.0001 and 0.5" },
        { new() { Text = ["a"], Tokenizer = "t", Validation = double.NaN }, "validation is NaN; it must be 0 or between 0.0001 and 0.5" },
        { new() { Text = ["a"], Tokenizer = "t", TextField = "" }, "text_field is empty; expected the name of a field" },
    };

    [Theory]
    [MemberData(nameof(ImpossibleData), DisableDiscoveryEnumeration = true)]
    public void DataThatContradictsItselfIsRefused(DataSection data, string problem) => Assert.Equal(problem, data.Problems()[0].ToString());

    [Fact]
    public void ASavedRecipeMayHaveKeysThatShardsNeverUsed()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("recipe.yaml", "data: {shards: s, validation: 0.1, validation_run: 3, text_field: body}\n");
        Assert.Equal(Recipe.Parse<PretrainRecipe>("data: {shards: s}", "x.yaml").Data.Validation, Recipe.ReadSaved<PretrainRecipe>(path).Data.Validation);
        Assert.StartsWith($"{path}:1: data.validation is given; shards", Assert.Throws<InvalidDataException>(() => Recipe.Read<PretrainRecipe>(path)).Message);
        Assert.Contains("data.validation is given", Assert.Throws<ArgumentException>(() => Recipe.ReadSaved<PretrainRecipe>(path, ["data.validation=0.2"])).Message);
    }

    [Fact]
    public void EachTrainingRangeIsChecked()
    {
        TrainingConfig config = new();
        (string Key, TrainingConfig Wrong)[] impossible =
        [
            ("steps", config with { Steps = 0 }),
            ("batch_size", config with { BatchSize = 0 }),
            ("gradient_accumulation", config with { GradientAccumulation = 0 }),
            ("sequence_length", config with { SequenceLength = -1 }),
            ("lr", config with { Lr = 0 }),
            ("lr", config with { Lr = double.NaN }),
            ("min_lr", config with { MinLr = -1 }),
            ("min_lr", config with { MinLr = 1 }),
            ("warmup_steps", config with { WarmupSteps = -1 }),
            ("beta1", config with { Beta1 = 1 }),
            ("beta1", config with { Beta1 = -0.1 }),
            ("beta2", config with { Beta2 = 1 }),
            ("eps", config with { Eps = 0 }),
            ("weight_decay", config with { WeightDecay = -1 }),
            ("clip_norm", config with { ClipNorm = -1 }),
            ("threads", config with { Threads = -1 }),
            ("seed", config with { Seed = -1 }),
            ("log_every", config with { LogEvery = 0 }),
            ("eval_every", config with { EvalEvery = -1 }),
            ("eval_batches", config with { EvalBatches = -1 }),
            ("sample_every", config with { SampleEvery = -1 }),
            ("sample_prompts", config with { SampleEvery = 1, SamplePrompts = [] }),
            ("sample_tokens", config with { SampleTokens = 0 }),
            ("checkpoint_every", config with { CheckpointEvery = -1 }),
            ("keep", config with { Keep = -1 }),
            ("early_stopping_patience", config with { EarlyStoppingPatience = -1 }),
        ];
        Assert.Empty(config.Problems());
        Assert.All(impossible, one => Assert.Equal(one.Key, one.Wrong.Problems()[0].Key));
    }

    [Fact]
    public void TheFloorOfTheRateMattersOnlyToTheSchedulesThatUseIt()
    {
        TrainingConfig config = new() { Lr = 1e-6, MinLr = 1e-5, Schedule = LearningRateSchedule.Constant };
        Assert.Empty(config.Problems());
        Assert.Equal("min_lr is 1E-05; it must not be above lr, which is 1E-06", Assert.Single((config with { Schedule = LearningRateSchedule.Cosine }).Problems()).ToString());
    }

    [Fact]
    public void AModelToTrainOnGivesTheArchitectureAndTheTokenizer()
    {
        GptConfig source = new() { NLayer = 3, NHead = 2, NEmbd = 8, ContextLength = 64, VocabSize = 320, EmbdDropout = 0.25, LayerNormEpsilon = 1e-6 };
        PretrainRecipe recipe = new() { Model = new ModelSection { Path = "m", ContextLength = 32, ResidDropout = 0 }, Data = new DataSection { Text = ["a.txt"] } };
        Assert.Equal("m", recipe.Validate().DataInUse.Tokenizer);
        Assert.Equal(source with { ContextLength = 32, ResidDropout = 0 }, recipe.Model.ToModelConfig(300, source)); // a padded vocabulary is kept
        Assert.Equal(330, recipe.Model.ToModelConfig(330, source).VocabSize);
        PretrainRecipe resolved = recipe.Resolve(330, source);
        Assert.Equal((330, 3, 1e-6, null), (resolved.Model.VocabSize, resolved.Model.NLayer, resolved.Model.LayerNormEpsilon, resolved.Model.Init));
        Assert.Equal(32, resolved.Train.SequenceLength);
        Assert.Equal(resolved.Model, resolved.Resolve(330, source with { VocabSize = 330, ContextLength = 32 }).Model); // the values of a checkpoint
    }

    [Fact]
    public void ADrawingOfWeightsHasItsFormerNameInARunsRecipeOnly()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string path = directory.Write("recipe.yaml", "model: {preset: gpt2-tiny-5m, init: gpt1}\ndata: {shards: s}\n");
        Assert.Equal(WeightInit.Normal, Recipe.ReadSaved<PretrainRecipe>(path).Model.Init);
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() => Recipe.Read<PretrainRecipe>(path));
        Assert.Equal($"{path}:1: model.init is 'gpt1'; expected normal | scaled_residual | uniform ('gpt1' is now called normal; to continue training from the weights of a model, set model.path)", problem.Message);
    }
}
